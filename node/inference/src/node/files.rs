//! The number of files that the system lets this process open, connections among them.
//!
//! Where a connection comes and there is none left, it is not refused but waits where nobody sees it,
//! and the store may fail to open what it needs. So there are never more connections than there is
//! room for.

use crate::config::{BackendConfig, Config};

/// For the store, the chain, what listens, and what a library opens for a moment.
const OTHERS: usize = 64;
/// So few connections are let in however little room there is.
const LEAST: usize = 16;

/// The most files that may be open at once; none if the system does not say.
pub(crate) fn most() -> Option<usize> {
	soft_limit(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

/// The soft limit, in what Linux says of a process.
fn soft_limit(said: &str) -> Option<usize> {
	let line = said.lines().find_map(|line| line.strip_prefix("Max open files"))?;
	match line.split_whitespace().next()? {
		"unlimited" => Some(usize::MAX),
		number => number.parse().ok(),
	}
}

/// The number of files that a node with this configuration may have open at once.
pub(crate) fn needed(config: &Config) -> usize {
	config.limits.connections.saturating_add(beside(config))
}

/// The same without the callers' connections: each call that another server answers takes one.
fn beside(config: &Config) -> usize {
	let upstream = config.models.iter().map(|model| match &model.backend {
		BackendConfig::Candle(_) => 0,
		BackendConfig::Openai(openai) => usize::from(openai.concurrent),
	});
	upstream.fold(OTHERS, usize::saturating_add)
}

/// The number of connections let in at once: as many as configured, as far as there is room.
pub(super) fn connections(config: &Config, most: Option<usize>) -> usize {
	let room = most.map_or(usize::MAX, |most| most.saturating_sub(beside(config)).max(LEAST));
	config.limits.connections.min(room)
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::path::Path;

	fn config(connections: usize) -> Config {
		let text = format!(
			"data_dir = \"d\"\nkey = \"stdin\"\nlimits.connections = {connections}\n[[models]]\n\
			 name = \"a\"\nbackend.candle.path = \"m.gguf\"\n[[models]]\nname = \"b\"\n\
			 [models.backend.openai]\nbase_url = \"http://a/v1\"\nupstream_model = \"b\"\n\
			 trust_usage = true\ncontext = 100\nconcurrent = 36\n"
		);
		Config::parse(&text, Path::new("/")).expect("it is good")
	}

	#[test]
	fn connections_leave_room_for_the_rest() {
		let config = config(4_096);
		assert_eq!(needed(&config), 4_196);
		assert_eq!(connections(&config, None), 4_096);
		assert_eq!(connections(&config, Some(4_196)), 4_096);
		assert_eq!(connections(&config, Some(1_024)), 924);
		assert_eq!(connections(&config, Some(64)), LEAST);
	}

	#[test]
	fn the_soft_limit_counts() {
		let said =
			"Limit                     Soft Limit           Hard Limit           Units     \n\
		            Max processes             1                    2                    processes \n\
		            Max open files            1024                 524288               files     \n";
		assert_eq!(soft_limit(said), Some(1_024));
		assert_eq!(soft_limit("Max open files   unlimited  unlimited  files"), Some(usize::MAX));
		assert_eq!(soft_limit("nonsense"), None);
		#[cfg(target_os = "linux")]
		assert!(most().is_some_and(|most| most > 0));
	}
}
