//! A server that is measured: where it is, its process, and what it uses of the processors.

use anyhow::{bail, Context, Result};
use std::{
	fs::File,
	net::{SocketAddr, TcpListener},
	path::{Path, PathBuf},
	process::Stdio,
	time::Duration,
};
use tokio::{
	process::{Child, Command},
	time::{sleep, timeout},
};

/// A running server. It is killed when this is dropped.
pub struct Server {
	name: &'static str,
	/// Where it listens.
	pub address: SocketAddr,
	child: Child,
	log: PathBuf,
}

/// An address on this machine that nobody listens on.
///
/// # Errors
/// If there is none.
pub fn free_address() -> Result<SocketAddr> {
	Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Server {
	/// Starts a server that will listen on `address`, and waits until it answers at `health`. What it
	/// writes goes to a file, as it would in service.
	///
	/// # Errors
	/// If it does not start.
	pub async fn start(
		name: &'static str,
		command: &mut Command,
		folder: &Path,
		address: SocketAddr,
		health: &str,
		patience: Duration,
	) -> Result<Self> {
		let log = folder.join(format!("{name}.log"));
		let file = File::create(&log)?;
		let child = command
			.stdin(Stdio::null())
			.stdout(file.try_clone()?)
			.stderr(file)
			.kill_on_drop(true)
			// Its workers are to end with it.
			.process_group(0)
			.spawn()
			.with_context(|| format!("starting {name}"))?;
		let mut server = Self { name, address, child, log };
		let url = format!("http://{address}{health}");
		let answering = async {
			while !reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
				if let Some(status) = server.child.try_wait()? {
					bail!("{name} ended while it started: {status}");
				}
				sleep(Duration::from_millis(100)).await;
			}
			Ok(())
		};
		let started = timeout(patience, answering).await;
		match started.with_context(|| format!("{name} does not answer {url}")) {
			Ok(Ok(())) => Ok(server),
			Ok(Err(error)) | Err(error) => Err(error.context(server.tail())),
		}
	}

	/// The end of what it has written.
	fn tail(&self) -> String {
		let text = std::fs::read_to_string(&self.log).unwrap_or_default();
		let lines: Vec<&str> = text.lines().collect();
		let from = lines.len().saturating_sub(40);
		format!("{} wrote:\n{}", self.name, lines.get(from..).unwrap_or_default().join("\n"))
	}

	/// Processor time that it and its workers have used so far.
	///
	/// # Errors
	/// If the system does not tell.
	pub fn used(&self) -> Result<Duration> {
		let id = self.child.id().with_context(|| format!("{} has ended", self.name))?;
		processor_time(id)
	}

	/// Ends it with SIGKILL.
	///
	/// # Errors
	/// If it cannot be killed.
	pub async fn kill(mut self) -> Result<()> {
		self.child.kill().await.with_context(|| format!("killing {}", self.name))
	}
}

/// Ends its workers with it.
impl Drop for Server {
	fn drop(&mut self) {
		let Some(id) = self.child.id() else { return };
		// Every shell has a `kill` of its own; not every system has the program.
		let killed =
			std::process::Command::new("sh").args(["-c", &format!("kill -KILL -{id}")]).status();
		if let Err(error) = killed {
			eprintln!("killing {}: {error}", self.name);
		}
	}
}

/// One line of `/proc/<id>/stat`.
struct Stat {
	parent: u32,
	ticks: u64,
}

fn stat(id: u32) -> Option<Stat> {
	let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
	// The name, in parentheses, may have spaces in it.
	let mut fields = text.get(text.rfind(')')? + 1..)?.split_whitespace();
	let parent = fields.nth(1)?.parse().ok()?;
	let user: u64 = fields.nth(9)?.parse().ok()?;
	let system: u64 = fields.next()?.parse().ok()?;
	Some(Stat { parent, ticks: user + system })
}

/// Processor time that a process and those that it started have used.
fn processor_time(root: u32) -> Result<Duration> {
	/// Linux counts in hundredths of a second, whatever its own clock does.
	const TICK: Duration = Duration::from_millis(10);
	let mut stats = Vec::new();
	for entry in std::fs::read_dir("/proc")? {
		let name = entry?.file_name();
		let id = name.to_str().and_then(|name| name.parse().ok());
		if let Some((id, stat)) = id.and_then(|id| Some((id, stat(id)?))) {
			stats.push((id, stat));
		}
	}
	let mut family = vec![root];
	let mut ticks = 0;
	while let Some(member) = family.pop() {
		for (id, stat) in &stats {
			if *id == member {
				ticks += stat.ticks;
			}
			if stat.parent == member {
				family.push(*id);
			}
		}
	}
	Ok(TICK * u32::try_from(ticks)?)
}
