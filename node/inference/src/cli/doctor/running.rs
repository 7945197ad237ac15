//! The word of a node that runs on itself.

use std::{
	net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
	time::Duration,
};

use openledger_primitives::Balance;
use openledger_protocol::units::format_amount;
use serde_json::Value;

use super::Finding;
use crate::config::Config;
use openledger_protocol::clock;

/// The time that it may take to answer. It asks each model itself.
const PATIENCE: Duration = Duration::from_secs(15);
/// The number of seconds without a settlement after which what is served may be lost.
const LONG: u64 = 600;

/// Asks the node of this configuration, if it runs.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
	let url = format!("http://{}", reachable(config.listen));
	let health = match ask(&format!("{url}/health")).await {
		Ok(health) => health,
		Err(Silence::Nobody) => return Vec::new(),
		Err(Silence::Wrong(error)) => {
			let said = format!("{url} does not answer as a node does: {error}; look at its log");
			return vec![Finding::bad("running", said)];
		}
	};
	let mut findings = health_findings(&health);
	if let Ok(status) = ask(&format!("{url}/v1/status")).await {
		findings.push(settlement(&status, clock::unix_seconds()));
	}
	findings
}

/// The address at which something that listens there can be reached from here.
fn reachable(listen: SocketAddr) -> SocketAddr {
	let ip = match listen.ip() {
		IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
		IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
		ip => ip,
	};
	SocketAddr::new(ip, listen.port())
}

/// A reason why there is no answer.
enum Silence {
	/// Nobody listens there.
	Nobody,
	/// Something else listens there.
	Wrong(reqwest::Error),
}

async fn ask(url: &str) -> Result<Value, Silence> {
	let asking = async {
		let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
		// A node that is not well says so with 503, and how.
		client.get(url).send().await?.json().await
	};
	asking.await.map_err(|error: reqwest::Error| match error.is_connect() {
		true => Silence::Nobody,
		false => Silence::Wrong(error),
	})
}

fn health_findings(health: &Value) -> Vec<Finding> {
	let what = "running";
	let text = |path: &str| health.pointer(path).and_then(Value::as_str).unwrap_or("unknown");
	let mut findings = Vec::new();
	match text("/store") {
		"ok" => {}
		store => findings.push(Finding::bad(
			what,
			format_args!(
				"the running node's store is {store}: look at its log and at the disk, then start it \
				 again"
			),
		)),
	}
	if health.pointer("/chain/connected").and_then(Value::as_bool) != Some(true) {
		let said = "the running node cannot ask the chain: look at `chain.url` and the chain node";
		findings.push(Finding::bad(what, said));
	}
	for (model, state) in health.get("models").and_then(Value::as_object).into_iter().flatten() {
		if state != "ok" {
			let state = state.as_str().unwrap_or("unknown");
			let said = format!("the running node's model is {state}: look at what answers for it");
			findings.push(Finding::bad(model, said));
		}
	}
	if findings.is_empty() {
		findings.push(match text("/status") {
			"ok" => Finding::good(what, "the node runs, and says that it is well"),
			other => Finding::doubtful(what, format_args!("the running node says: {other}")),
		});
	}
	findings
}

/// Looks at what is owed, and whether it is being settled.
fn settlement(status: &Value, now: u64) -> Finding {
	let what = "settlement";
	let number = |path: &str| status.pointer(path).and_then(Value::as_u64);
	let owed = status.get("owed").and_then(Value::as_str);
	let owed = owed.and_then(|owed| owed.parse::<Balance>().ok()).unwrap_or_default();
	let calls = number("/calls/unsettled").unwrap_or_default();
	let open = format!("{calls} calls, {}, are not settled yet", format_amount(owed));
	let Some(since) = number("/settlement/failing_since") else {
		return Finding::good(what, open);
	};
	let seconds = now.saturating_sub(since);
	let error = status.pointer("/settlement/error").and_then(Value::as_str).unwrap_or("unknown");
	let said = format!(
		"{open}; settling fails for {} minutes ({error}): look at the node's log, the account's \
		 balance and the chain",
		seconds / 60
	);
	match seconds < LONG {
		true => Finding::doubtful(what, said),
		false => Finding::bad(what, said),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cli::doctor::Verdict;
	use serde_json::json;

	fn verdicts(health: Value) -> Vec<(Verdict, String)> {
		let found = health_findings(&health).into_iter();
		found.map(|finding| (finding.verdict, finding.what)).collect()
	}

	#[test]
	fn a_node_that_is_well_is_good() {
		let models = json!({ "m": "ok" });
		let chain = json!({ "connected": true });
		let well = json!({ "status": "ok", "store": "ok", "chain": chain, "models": models });
		assert_eq!(verdicts(well), [(Verdict::Good, "running".into())]);
	}

	#[test]
	fn what_fails_is_named() {
		let chain = json!({ "connected": false });
		let models = json!({ "m": "failing", "n": "ok" });
		let ill =
			json!({ "status": "failing", "store": "failing", "chain": chain, "models": models });
		let bad = |what: &str| (Verdict::Bad, what.to_owned());
		assert_eq!(verdicts(ill), [bad("running"), bad("running"), bad("m")]);
	}

	#[test]
	fn what_is_owed_and_not_settled_is_told() {
		let status = |since: Option<u64>| {
			json!({
				"owed": "1500000000000000000",
				"calls": { "unsettled": 3 },
				"settlement": { "failing_since": since, "error": "refused" },
			})
		};
		let fine = settlement(&status(None), 10_000);
		assert_eq!((fine.verdict, fine.said.contains("3 calls, 1.5 OPEN")), (Verdict::Good, true));
		assert_eq!(settlement(&status(Some(9_500)), 10_000).verdict, Verdict::Doubtful);
		let bad = settlement(&status(Some(9_000)), 10_000);
		assert_eq!((bad.verdict, bad.said.contains("16 minutes (refused)")), (Verdict::Bad, true));
	}

	#[tokio::test]
	async fn where_nobody_listens_nothing_is_said() {
		let silent = ask("http://127.0.0.1:1/health").await;
		assert!(matches!(silent, Err(Silence::Nobody)));
		let any: SocketAddr = "0.0.0.0:7".parse().expect("an address");
		assert_eq!(reachable(any).to_string(), "127.0.0.1:7");
	}
}
