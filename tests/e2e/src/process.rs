//! A child process, its log, and its certain end; and a program that is run to its end.

use crate::binaries::binary;
use anyhow::{anyhow, bail, ensure, Context, Result};
use std::{
	collections::VecDeque,
	fmt,
	process::{ExitStatus, Stdio},
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};
use tokio::{
	io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
	process::{Child, Command},
	sync::watch,
	time::timeout,
};

/// Lines of a log that are kept; older ones are forgotten.
const KEPT_LINES: usize = 5_000;
/// Lines that are shown when something went wrong.
const SHOWN_LINES: usize = 60;

/// The time between checks that a killed program is gone, and the most checks.
const END_POLL: Duration = Duration::from_millis(5);
const END_POLLS: u32 = 1_000;

#[derive(Default)]
struct Lines {
	kept: VecDeque<String>,
	/// Number that have come so far.
	count: usize,
}

/// The output of a process, of both kinds. Outlives the process.
#[derive(Clone)]
pub struct Log {
	name: String,
	lines: Arc<Mutex<Lines>>,
}

impl Log {
	fn new(name: &str) -> Self {
		Self { name: name.into(), lines: Arc::default() }
	}

	fn lines(&self) -> MutexGuard<'_, Lines> {
		self.lines.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn push(&self, line: String) -> usize {
		let mut lines = self.lines();
		if lines.kept.len() == KEPT_LINES {
			lines.kept.pop_front();
		}
		lines.kept.push_back(line);
		lines.count += 1;
		lines.count
	}

	/// The first thing that `pick` finds in a line that is still kept.
	pub fn find<T>(&self, pick: impl FnMut(&String) -> Option<T>) -> Option<T> {
		self.lines().kept.iter().find_map(pick)
	}

	/// Number of lines that are still kept and have this in them.
	pub fn count(&self, what: &str) -> usize {
		self.lines().kept.iter().filter(|line| line.contains(what)).count()
	}
}

/// The end of the log, for people.
impl fmt::Display for Log {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let lines = self.lines();
		let skipped = lines.kept.len().saturating_sub(SHOWN_LINES);
		writeln!(formatter, "--- {}: last of {} lines", self.name, lines.count)?;
		for line in lines.kept.iter().skip(skipped) {
			writeln!(formatter, "    {line}")?;
		}
		Ok(())
	}
}

/// A running program. It is killed when this is dropped.
pub struct Process {
	child: Child,
	log: Log,
	news: watch::Receiver<usize>,
}

impl Process {
	/// Starts a program and collects what it writes.
	///
	/// # Errors
	/// If it cannot be started.
	pub fn start(name: &str, command: &mut Command) -> Result<Self> {
		let mut child = command
			.stdin(Stdio::null())
			.stdout(Stdio::piped())
			.stderr(Stdio::piped())
			.kill_on_drop(true)
			.spawn()
			.with_context(|| format!("starting {name}"))?;
		let log = Log::new(name);
		let (sender, news) = watch::channel(0);
		let sender = Arc::new(sender);
		if let Some(output) = child.stdout.take() {
			collect(output, log.clone(), sender.clone());
		}
		if let Some(output) = child.stderr.take() {
			collect(output, log.clone(), sender);
		}
		Ok(Self { child, log, news })
	}

	/// Its output.
	pub fn log(&self) -> &Log {
		&self.log
	}

	/// Its number, as long as it runs.
	pub fn id(&self) -> Option<u32> {
		self.child.id()
	}

	/// Waits until `pick` finds something in a line of the log, past lines included.
	///
	/// # Errors
	/// If the program ends or the time is up before.
	pub async fn wait_for<T>(
		&mut self,
		what: &str,
		limit: Duration,
		mut pick: impl FnMut(&String) -> Option<T>,
	) -> Result<T> {
		self.wait_until(what, limit, |log| log.find(&mut pick)).await
	}

	/// Waits until `line` is in more than `times` lines of the log.
	///
	/// # Errors
	/// If the program ends or the time is up before.
	pub async fn wait_for_more(&mut self, line: &str, times: usize, limit: Duration) -> Result<()> {
		self.wait_until(line, limit, |log| (log.count(line) > times).then_some(())).await
	}

	async fn wait_until<T>(
		&mut self,
		what: &str,
		limit: Duration,
		mut pick: impl FnMut(&Log) -> Option<T>,
	) -> Result<T> {
		let Self { log, news, .. } = self;
		let found = timeout(limit, async {
			loop {
				news.borrow_and_update();
				if let Some(found) = pick(log) {
					return Ok(found);
				}
				if news.changed().await.is_err() {
					// Both outputs are closed: there will be no more lines.
					bail!("{} ended before: {what}", log.name);
				}
			}
		})
		.await;
		found.map_err(|_| anyhow!("{}: not within {limit:?}: {what}", self.log.name))?
	}

	/// Ends the program with SIGKILL, which it cannot notice, and waits until it is gone.
	///
	/// # Errors
	/// If it cannot be killed.
	pub async fn kill(&mut self) -> Result<()> {
		self.child.kill().await.with_context(|| format!("killing {}", self.log.name))
	}

	/// Asks the program to end, with SIGTERM, and waits until it has and everything that it wrote
	/// is in its log. How it ended.
	///
	/// # Errors
	/// If it has ended before, cannot be asked, or does not end in time.
	pub async fn stop(&mut self, limit: Duration) -> Result<ExitStatus> {
		self.signal("TERM").await?;
		let name = self.log.name.clone();
		let ending = async {
			let status = self.child.wait().await?;
			while self.news.changed().await.is_ok() {}
			Ok(status)
		};
		timeout(limit, ending).await.with_context(|| format!("{name} did not end in {limit:?}"))?
	}

	/// Sends the program a signal, by its short name.
	///
	/// # Errors
	/// If it has ended before, or cannot be reached.
	pub async fn signal(&self, signal: &str) -> Result<()> {
		let name = &self.log.name;
		let id = self.child.id().with_context(|| format!("{name} has ended before"))?;
		// Every shell has a `kill` of its own; not every system has the program.
		let kill = format!("kill -{signal} {id}");
		let sent = Command::new("sh").arg("-c").arg(kill).status().await?;
		ensure!(sent.success(), "{name} could not be sent {signal}");
		Ok(())
	}

	/// Its exit status, if it has ended.
	///
	/// # Errors
	/// If that cannot be found out.
	pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
		Ok(self.child.try_wait()?)
	}
}

/// Ends it, and waits until it is gone: what comes next may delete its files.
impl Drop for Process {
	fn drop(&mut self) {
		// It fails where the program has ended already.
		let _ = self.child.start_kill();
		for _ in 0..END_POLLS {
			if !matches!(self.child.try_wait(), Ok(None)) {
				break;
			}
			std::thread::sleep(END_POLL);
		}
	}
}

fn collect(
	output: impl AsyncRead + Unpin + Send + 'static,
	log: Log,
	news: Arc<watch::Sender<usize>>,
) {
	tokio::spawn(async move {
		let mut lines = BufReader::new(output).split(b'\n');
		while let Ok(Some(line)) = lines.next_segment().await {
			let count = log.push(String::from_utf8_lossy(&line).into_owned());
			news.send_replace(count);
		}
	});
}

/// Longest time for a command: an extrinsic that becomes final, or an answer.
const COMMAND: Duration = Duration::from_secs(180);

/// Runs a program to its end and returns what it printed. With `show`, that is also shown as it comes.
///
/// # Errors
/// If it fails or takes too long, with what it printed.
pub async fn run_to_end(
	program: &str,
	arguments: &[&str],
	env: &[(&str, &str)],
	show: bool,
) -> Result<String> {
	let mut child = Command::new(binary(program)?)
		.args(arguments)
		.envs(env.iter().copied())
		.stdin(Stdio::null())
		.stdout(Stdio::piped())
		.stderr(Stdio::piped())
		.kill_on_drop(true)
		.spawn()?;
	let output = child.stdout.take().context("no standard output")?;
	let errors = child.stderr.take().context("no standard error")?;
	let ending = async {
		let (printed, complaints) = tokio::try_join!(read(output, show), read(errors, false))?;
		anyhow::Ok((printed, complaints, child.wait().await?))
	};
	let command = arguments.first().copied().unwrap_or_default();
	let ended = timeout(COMMAND, ending).await;
	let (printed, complaints, status) =
		ended.with_context(|| format!("{program} {command} takes too long"))??;
	ensure!(status.success(), "{program} {command} failed ({status}):\n{printed}\n{complaints}");
	Ok(printed)
}

/// Reads to the end; with `show`, passes on what comes, when it comes.
async fn read(mut from: impl AsyncRead + Unpin, show: bool) -> Result<String> {
	let mut all = Vec::new();
	let mut piece = [0; 1024];
	let mut shown = tokio::io::stdout();
	loop {
		let read = from.read(&mut piece).await?;
		let Some(new) = piece.get(..read).filter(|new| !new.is_empty()) else { break };
		if show {
			shown.write_all(new).await?;
			shown.flush().await?;
		}
		all.extend_from_slice(new);
	}
	Ok(String::from_utf8_lossy(&all).into_owned())
}
