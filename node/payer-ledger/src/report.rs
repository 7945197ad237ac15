//! Reports against nodes that are under way: what was committed to, what is going to be shown, and how far that has
//! come. Each is a file beside the proofs, which is written before the chain gets to know of the step.

use std::{
	fs,
	io::{self, ErrorKind},
	path::{Path, PathBuf},
};

use openledger_primitives::{AccountId, BlockNumber, Hash, SessionId};
use serde::{Deserialize, Serialize};

use crate::proof::replace;

/// The version of the files.
const VERSION: u8 = 1;
/// The ending of their names.
const EXTENSION: &str = "report";

/// A report, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptReport {
	version: u8,
	/// The name of its file, without the ending.
	pub name: String,
	/// The session that it is about.
	pub session: SessionId,
	/// The account that reports.
	pub reporter: AccountId,
	/// The transaction that reports, as this program encodes it.
	#[serde(with = "openledger_primitives::serde_bytes_hex")]
	pub call: Vec<u8>,
	/// The hash that is committed to.
	pub commitment: Hash,
	/// How far it has come.
	pub stage: ReportStage,
}

/// How far a report has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ReportStage {
	/// No final block has the commitment yet.
	Prepared,
	/// A final block has the commitment.
	Committed {
		/// That block.
		at: BlockNumber,
	},
	/// The report may be on its way.
	Reporting {
		/// The block of the commitment.
		at: BlockNumber,
	},
	/// The chain has taken the report.
	Made,
	/// The chain has refused the report. The commitment is going to be withdrawn.
	Withdrawing {
		/// The chain's reason.
		reason: String,
		/// `true` if the same can be reported later.
		again: bool,
	},
	/// The chain has refused the report, and what was put up for the commitment came back.
	Withdrawn {
		/// The chain's reason.
		reason: String,
		/// `true` if the same can be reported later.
		again: bool,
	},
}

impl ReportStage {
	/// Returns `true` if there is nothing left to do.
	pub fn is_over(&self) -> bool {
		matches!(self, Self::Made | Self::Withdrawn { .. })
	}

	/// Returns `true` if the same may be begun anew.
	pub fn may_begin_again(&self) -> bool {
		matches!(self, Self::Withdrawn { again: true, .. })
	}
}

impl KeptReport {
	/// A report of which nothing was sent yet. `call` is its transaction.
	pub fn new(
		name: String,
		session: SessionId,
		reporter: AccountId,
		call: Vec<u8>,
		commitment: Hash,
	) -> Self {
		let (version, stage) = (VERSION, ReportStage::Prepared);
		Self { version, name, session, reporter, call, commitment, stage }
	}
}

/// The folder with the reports.
#[derive(Clone, Debug)]
pub struct Reports {
	folder: PathBuf,
}

impl Reports {
	/// Keeps reports in this folder, which is made when there is one.
	pub fn new(folder: PathBuf) -> Self {
		Self { folder }
	}

	/// All reports, in the order of their names.
	///
	/// # Errors
	/// If one cannot be read, or was written by a later version of this program.
	pub async fn all(&self) -> io::Result<Vec<KeptReport>> {
		let folder = self.folder.clone();
		tokio::task::spawn_blocking(move || read_all(&folder)).await.map_err(io::Error::other)?
	}

	/// Keeps a report as it is now, durably, in place of what is kept of it.
	///
	/// # Errors
	/// If it cannot be written.
	pub async fn put(&self, report: &KeptReport) -> io::Result<PathBuf> {
		let (folder, name) = (self.folder.clone(), format!("{}.{EXTENSION}", report.name));
		let value = serde_json::to_value(report)?;
		let keeping = tokio::task::spawn_blocking(move || replace(&folder, &name, &value));
		keeping.await.map_err(io::Error::other)?
	}
}

fn read_all(folder: &Path) -> io::Result<Vec<KeptReport>> {
	let entries = match fs::read_dir(folder) {
		Ok(entries) => entries,
		Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
		Err(error) => return Err(error),
	};
	let mut paths = Vec::new();
	for entry in entries {
		let path = entry?.path();
		if path.extension().is_some_and(|ending| ending == EXTENSION) {
			paths.push(path);
		}
	}
	paths.sort();
	paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> io::Result<KeptReport> {
	let unreadable = |reason: String| {
		io::Error::new(ErrorKind::InvalidData, format!("{}: {reason}", path.display()))
	};
	let report: KeptReport =
		serde_json::from_slice(&fs::read(path)?).map_err(|error| unreadable(error.to_string()))?;
	match report.version {
		VERSION => Ok(report),
		version => Err(unreadable(format!("it has the version {version}, not {VERSION}"))),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn report(name: &str) -> KeptReport {
		let (reporter, commitment) = ([1; 32].into(), Hash::repeat_byte(2));
		KeptReport::new(name.into(), 3, reporter, vec![4, 5], commitment)
	}

	#[tokio::test]
	async fn reports_are_read_as_they_were_kept_last() {
		let folder = tempfile::tempdir().unwrap();
		let reports = Reports::new(folder.path().join("proofs"));
		assert!(reports.all().await.unwrap().is_empty());

		let (mut one, other) = (report("3-0-1-a"), report("3-0-2-a"));
		reports.put(&other).await.unwrap();
		reports.put(&one).await.unwrap();
		for stage in [
			ReportStage::Committed { at: 7 },
			ReportStage::Reporting { at: 7 },
			ReportStage::Withdrawing { reason: "no".into(), again: true },
			ReportStage::Withdrawn { reason: "no".into(), again: true },
			ReportStage::Made,
		] {
			one.stage = stage;
			reports.put(&one).await.unwrap();
			assert_eq!(reports.all().await.unwrap(), [one.clone(), other.clone()]);
		}
	}

	#[tokio::test]
	async fn a_report_of_another_version_is_not_guessed_at() {
		let folder = tempfile::tempdir().unwrap();
		let reports = Reports::new(folder.path().into());
		let path = reports.put(&KeptReport { version: 2, ..report("one") }).await.unwrap();

		let refused = reports.all().await.unwrap_err().to_string();
		assert!(refused.contains("one.report") && refused.contains("version 2"), "{refused}");
		fs::write(path, "{}").unwrap();
		reports.all().await.unwrap_err();
	}
}
