//! The disk, and the state that is kept on it.

use std::{
	fs, io,
	path::{Path, PathBuf},
	process::Command,
};

use super::Finding;

/// With fewer mebibytes free, the node might soon not be able to write calls down.
const TIGHT: u64 = 1_024;
/// With less it should not be started.
const FULL: u64 = 64;

/// Tells whether state can be kept in this folder.
pub(super) fn check(folder: &Path) -> Vec<Finding> {
	vec![store(folder), space(folder)]
}

fn store(folder: &Path) -> Finding {
	let what = "store";
	let file = folder.join("calls.redb");
	if let Err(error) = writable(folder) {
		let folder = folder.display();
		let said = format!("{folder} cannot be written: {error}; set `data_dir`, or its owner");
		return Finding::bad(what, said);
	}
	let shown = file.display();
	if !file.exists() {
		return Finding::good(what, format_args!("{shown} will be made at the first start"));
	}
	match redb::ReadOnlyDatabase::open(&file) {
		Ok(_) => Finding::good(what, format_args!("{shown} can be opened")),
		Err(redb::DatabaseError::DatabaseAlreadyOpen) => {
			Finding::good(what, format_args!("{shown} is in use by a node that runs"))
		}
		// The next start repairs it, and loses nothing.
		Err(redb::DatabaseError::RepairAborted) => {
			Finding::doubtful(what, format_args!("{shown} was not closed; a start repairs it"))
		}
		Err(error) => {
			let said = format!(
				"{shown} cannot be opened: {error}; do not delete it, what was served and not \
				 settled is in it"
			);
			Finding::bad(what, said)
		}
	}
}

/// Writes something, and removes it again.
fn writable(folder: &Path) -> io::Result<()> {
	let folder = existing(folder);
	let file = folder.join(format!(".doctor-{}", std::process::id()));
	fs::write(&file, b"x")?;
	fs::remove_file(&file)
}

/// The folder itself, or the nearest one above it that is there.
fn existing(folder: &Path) -> PathBuf {
	let found = folder.ancestors().find(|above| above.is_dir());
	found.filter(|found| !found.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn space(folder: &Path) -> Finding {
	let what = "disk";
	let folder = existing(folder);
	let answer = Command::new("df").arg("-Pk").arg(&folder).output();
	let free = answer.ok().and_then(|answer| free(&String::from_utf8_lossy(&answer.stdout)));
	let shown = folder.display();
	match free {
		None => {
			Finding::doubtful(what, format_args!("`df` does not say how much is free: {shown}"))
		}
		Some(mebibytes) => {
			let said = format!("{mebibytes} MiB free in {shown}");
			match mebibytes {
				..FULL => Finding::bad(what, format_args!("{said}: make room")),
				FULL..TIGHT => Finding::doubtful(what, format_args!("{said}: make room soon")),
				_ => Finding::good(what, said),
			}
		}
	}
}

/// The number of mebibytes that are free, of what `df -Pk` says.
fn free(said: &str) -> Option<u64> {
	let kibibytes: u64 = said.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
	Some(kibibytes / 1_024)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cli::doctor::Verdict;

	#[test]
	fn reads_what_df_says() {
		let said = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
		            /dev/vda 1000000 500000 204800 50% /\n";
		assert_eq!(free(said), Some(200));
		assert_eq!(free("nonsense"), None);
	}

	#[test]
	fn a_folder_that_is_not_there_yet_is_no_problem() {
		let folder = tempfile::tempdir().unwrap();
		let findings = check(&folder.path().join("a/b"));
		assert!(findings.iter().all(|finding| finding.verdict != Verdict::Bad), "{findings:?}");
		assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
	}

	#[test]
	fn a_store_that_is_none_is_not_to_be_deleted() {
		let folder = tempfile::tempdir().unwrap();
		fs::write(folder.path().join("calls.redb"), b"nonsense").unwrap();
		let finding = store(folder.path());
		assert_eq!(finding.verdict, Verdict::Bad);
		assert!(finding.said.contains("do not delete it"), "{}", finding.said);
	}
}
