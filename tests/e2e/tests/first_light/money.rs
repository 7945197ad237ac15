//! Three paid calls, split to the planck and claimed.

use anyhow::{ensure, Result};
use openledger_e2e::{network::Network, story};
use openledger_primitives::Balance;

#[tokio::test(flavor = "multi_thread")]
async fn every_planck_is_accounted_for() -> Result<()> {
	Network::with(async |network| {
		// The story itself checks each sum.
		let story = story::tell(network, false).await?;
		let calls: Vec<_> = story.reports.iter().flat_map(|report| &report.calls).collect();
		ensure!(calls.len() == 3, "{} calls", calls.len());
		ensure!(story.claims.len() == 3, "{} claims", story.claims.len());
		ensure!(story.heads > 10, "only {} finalized heads", story.heads);

		let lengths = calls.iter().map(|(call, _)| call.record.input_tokens);
		let lengths: Vec<u32> = lengths.collect();
		ensure!(lengths.is_sorted_by(|one, other| one < other), "input tokens {lengths:?}");

		// 5 : 3 : 2, as the curator weighed them.
		let paid: Vec<Balance> = story.claims.iter().map(|(_, claim)| claim.amount).collect();
		let units: Vec<Balance> =
			paid.iter().zip([5, 3, 2]).map(|(amount, weight)| amount / weight).collect();
		ensure!(units.windows(2).all(|pair| pair[0] == pair[1]), "claims {paid:?}");
		Ok(())
	})
	.await
}
