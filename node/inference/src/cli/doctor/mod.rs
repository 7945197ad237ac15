//! `doctor`: whether a node could serve and be paid, and what to do if not.

mod chain;
mod disk;
mod models;
mod prices;
mod running;

use std::{fmt, path::PathBuf};

use anyhow::bail;
use clap::Args;
use openledger_chain_client::ss58;

use super::show;
use crate::{
	config::Config,
	node::{files, Keys},
};

/// Checks what a node needs in order to serve and be paid: the chain, its account
/// and bond, its registration and sign of life, each model with its price and its
/// files or its server, the clock, the disk and the store; and where the node runs, what it says
/// of itself and of what it is owed. Prints a line for each, with what to do; the
/// exit code is 1 if something fails.
///
/// Each model is loaded, and asked for one token.
///
/// Examples:
///
///   openledger-inference doctor --config config.toml
///   openledger-inference doctor --config config.toml --no-models
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Doctor {
	/// The configuration of the node.
	#[arg(long, short, value_name = "FILE")]
	config: PathBuf,
	/// The WebSocket of a chain node, instead of the configuration's `chain.url`.
	#[arg(long, value_name = "URL")]
	chain: Option<String>,
	/// Neither load the models nor ask them anything, which takes long for large ones.
	#[arg(long)]
	no_models: bool,
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
	Good,
	/// It works, but somebody should look at it.
	Doubtful,
	Bad,
}

/// A finding of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
	verdict: Verdict,
	what: String,
	/// The state of things, and what to do about it.
	said: String,
}

impl Finding {
	fn good(what: impl Into<String>, said: impl fmt::Display) -> Self {
		Self { verdict: Verdict::Good, what: what.into(), said: said.to_string() }
	}

	fn doubtful(what: impl Into<String>, said: impl fmt::Display) -> Self {
		Self { verdict: Verdict::Doubtful, what: what.into(), said: said.to_string() }
	}

	fn bad(what: impl Into<String>, said: impl fmt::Display) -> Self {
		Self { verdict: Verdict::Bad, what: what.into(), said: said.to_string() }
	}
}

impl fmt::Display for Finding {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let word = match self.verdict {
			Verdict::Good => "ok",
			Verdict::Doubtful => "warn",
			Verdict::Bad => "FAIL",
		};
		write!(f, "{word:<5} {:<12} {}", self.what, self.said)
	}
}

/// The findings so far.
#[derive(Default)]
struct Findings {
	all: usize,
	bad: usize,
}

impl Findings {
	fn note(&mut self, finding: &Finding) {
		self.all = self.all.saturating_add(1);
		self.bad = self.bad.saturating_add(usize::from(finding.verdict == Verdict::Bad));
		show::line(finding);
	}

	fn note_all(&mut self, findings: impl IntoIterator<Item = Finding>) {
		findings.into_iter().for_each(|finding| self.note(&finding));
	}
}

impl Doctor {
	/// Not async: the number of threads has to be set before there are any.
	pub(super) fn main(self) -> anyhow::Result<()> {
		let mut findings = Findings::default();
		match Config::load(&self.config) {
			Ok(mut config) => {
				if let Some(chain) = self.chain.clone() {
					config.chain.url = chain;
				}
				let path = self.config.display();
				findings.note(&Finding::good("config", format_args!("{path} is good")));
				config.apply_threads();
				super::block_on(async {
					self.check(&config, &mut findings).await;
					Ok(())
				})?;
			}
			Err(error) => {
				findings.note(&Finding::bad("config", format_args!("{error}: correct it")))
			}
		}
		let Findings { all, bad } = findings;
		if bad > 0 {
			bail!("{bad} of {all} checks failed");
		}
		show::line(format_args!("{all} checks, nothing that stops this node"));
		Ok(())
	}

	async fn check(&self, config: &Config, findings: &mut Findings) {
		findings.note_all(disk::check(&config.data_dir));
		findings.note_all(running::check(config).await);
		findings.note(&open_files(files::needed(config), files::most()));
		let keys = match keys(config) {
			Ok(keys) => {
				findings.note(&Finding::good("key", keys.operator.signer().address()));
				if keys.operator.is_proxy() {
					let operator = ss58(keys.operator.account());
					findings.note(&Finding::good("operator", operator));
				}
				Some(keys)
			}
			Err(finding) => {
				findings.note(&finding);
				None
			}
		};
		let (infos, found) = chain::check(config, keys.as_ref()).await;
		findings.note_all(found);
		if self.no_models {
			return;
		}
		for model in &config.models {
			let info = infos.iter().find(|info| model.name.is(info));
			findings.note_all(models::check(model, info).await);
		}
	}
}

/// Tells whether the system lets the node open as many files, connections among them, as
/// it may need.
fn open_files(needed: usize, most: Option<usize>) -> Finding {
	let what = "open files";
	match most {
		None => Finding::doubtful(what, "the system does not say how many there may be"),
		Some(most) if most < needed => Finding::doubtful(
			what,
			format_args!(
				"{most} at most, where {needed} may be needed: raise it (`ulimit -n {needed}`, or \
				 `LimitNOFILE={needed}` in a systemd unit), or fewer connections are let in than \
				 `limits.connections` says"
			),
		),
		Some(_) => Finding::good(what, format_args!("{needed} may be needed, and are allowed")),
	}
}

/// The keys that the node signs with.
fn keys(config: &Config) -> Result<Keys, Finding> {
	Keys::read(config).map_err(|error| {
		let said = super::describe(&error.into());
		Finding::bad("key", format_args!("{said}: see `key` in the configuration"))
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn findings_are_lines() {
		let line = Finding::bad("bond", "none: run `register`").to_string();
		assert_eq!(line, "FAIL  bond         none: run `register`");
		assert_eq!(Finding::good("a", 1).to_string(), "ok    a            1");
	}

	#[test]
	fn too_few_files_are_a_warning() {
		assert_eq!(open_files(100, Some(100)).verdict, Verdict::Good);
		assert_eq!(open_files(100, None).verdict, Verdict::Doubtful);
		let few = open_files(4_160, Some(1_024));
		assert_eq!(few.verdict, Verdict::Doubtful);
		assert!(few.said.contains("ulimit -n 4160"), "{}", few.said);
	}

	#[test]
	fn a_configuration_with_errors_fails() {
		let folder = tempfile::tempdir().unwrap();
		let config = folder.path().join("c.toml");
		std::fs::write(&config, "listen = 5").unwrap();
		let doctor = Doctor { config, chain: None, no_models: true };
		assert_eq!(doctor.main().unwrap_err().to_string(), "1 of 1 checks failed");
	}

	#[test]
	fn without_a_chain_the_rest_is_checked_all_the_same() {
		let folder = tempfile::tempdir().unwrap();
		let config = folder.path().join("c.toml");
		let text = "data_dir = \"d\"\nlisten = \"127.0.0.1:1\"\nkey = { uri = \"//Bob\" }\n\
			 chain.url = \"ws://127.0.0.1:1\"\n\
		            [[models]]\nname = \"m\"\nbackend.candle.path = \"gone.gguf\"\n";
		std::fs::write(&config, text).unwrap();
		let doctor = Doctor { config, chain: None, no_models: false };
		let said = doctor.main().unwrap_err().to_string();
		// The chain and the model's file.
		assert!(said.starts_with("2 of "), "{said}");
	}
}
