//! Logs and metrics.

use std::{
	io::{self, IsTerminal},
	sync::OnceLock,
	time::Duration,
};

use axum::{
	http::header::CONTENT_TYPE,
	response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
pub use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::EnvFilter;

/// The time after which values are added up.
const UPKEEP: Duration = Duration::from_secs(5);

/// The process has one recorder, however many servers it runs.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// A filter for logs that cannot be read.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct FilterError(String);

/// Logs to standard error from now on: what `filter` lets through, or else what `RUST_LOG` does, or
/// else everything from the level `usual`; as one JSON object a line if `json` is set.
///
/// # Errors
/// If the filter cannot be read.
pub fn init_logging(
	filter: Option<&str>,
	json: bool,
	usual: LevelFilter,
) -> Result<(), FilterError> {
	let filter = match filter {
		Some(filter) => EnvFilter::try_new(filter)
			.map_err(|error| FilterError(format!("--log {filter}: {error}")))?,
		None => EnvFilter::builder()
			.with_default_directive(usual.into())
			.from_env()
			.map_err(|error| FilterError(format!("RUST_LOG: {error}")))?,
	};
	let logger = tracing_subscriber::fmt()
		.with_env_filter(filter)
		.with_ansi(io::stderr().is_terminal())
		.with_writer(io::stderr);
	match json {
		true => logger.json().init(),
		false => logger.init(),
	}
	Ok(())
}

/// A histogram, by its name, or several by how their names end.
#[derive(Clone, Copy, Debug)]
pub enum Histogram {
	/// One.
	Named(&'static str),
	/// All whose names end so.
	Ending(&'static str),
}

/// The metrics of a server.
#[derive(Clone, Copy, Debug)]
pub struct Recorder {
	/// The bounds of its histograms.
	pub buckets: &'static [(Histogram, &'static [f64])],
	/// Describes its metrics.
	pub describe: fn(),
}

impl Recorder {
	/// Collects metrics from now on. None if the process has another recorder.
	pub fn install(&self) -> Option<&'static PrometheusHandle> {
		let install = || {
			let mut builder = PrometheusBuilder::new();
			for (histogram, bounds) in self.buckets {
				let matcher = match histogram {
					Histogram::Named(name) => Matcher::Full((*name).into()),
					Histogram::Ending(ending) => Matcher::Suffix((*ending).into()),
				};
				builder = builder.set_buckets_for_metric(matcher, bounds).ok()?;
			}
			let handle = builder.install_recorder().ok()?;
			(self.describe)();
			Some(handle)
		};
		RECORDER.get_or_init(install).as_ref()
	}

	/// Adds up what was measured, every few seconds until it is stopped: until that is done each value
	/// takes memory of its own, and nobody may ever ask for them.
	pub async fn upkeep(self, stop: CancellationToken) {
		let Some(handle) = self.install() else { return };
		loop {
			tokio::select! {
				() = stop.cancelled() => return,
				() = tokio::time::sleep(UPKEEP) => handle.run_upkeep(),
			}
		}
	}

	/// All metrics, in Prometheus' format.
	pub fn answer(&self) -> Response {
		let text = self.install().map(|handle| {
			handle.run_upkeep();
			handle.render()
		});
		let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
		(kind, text.unwrap_or_default()).into_response()
	}
}

/// A size as a metric.
pub fn size(number: usize) -> f64 {
	f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
