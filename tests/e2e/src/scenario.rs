//! The steps from an empty chain to claimed payouts.

use crate::{
	data::{DataSet, DATA_SETS},
	inference::Hashes,
	network::{key, CALLER, CURATOR, DEVELOPER, OPERATOR},
	report::Contribution,
};
use anyhow::{ensure, Context, Result};
use futures::future::try_join_all;
use openledger_chain_client::{
	data, events, metering, models, runtime::transaction_payment, tx, utility, At, Call, Chain,
	Event, Included, Keypair, SubmitOptions,
};
use openledger_primitives::{
	attribution::{DataSource, ReleaseSelector, NEWEST_RULE},
	contribution::{Submission, FORMAT_STREAM},
	data_tree::DataRoot,
	info::ContributionInfo,
	model::VersionDetails,
	policy::RevenuePolicy,
	price::PriceSchedule,
	AccountId, Balance, BlockNumber, DatanetId, ModelId, Name, ReleaseId, SessionId, Uri,
	MICRO_OPEN, MILLI_OPEN,
};
use sp_io::hashing::blake2_256;
use sp_runtime::Permill;
use std::time::Duration;
use tokio::time::sleep;

/// The model's name on chain.
pub const MODEL: &str = "geo/smollm2-135m-instruct";
/// The datanet's name on chain.
pub const DATANET: &str = "geo-facts";

/// Pause between two looks whether a leaf is drawn.
const DRAW_INTERVAL: Duration = Duration::from_millis(200);
/// The terms that the contributions are given under.
const LICENCE: &[u8] = b"CC0-1.0";
/// The most tokens that the model's chat template adds for a message: the marks around it, and for the first
/// one the words that stand before a chat without any of its own.
const TEMPLATE_OVERHEAD: u32 = 64;

/// Price of a call of the model. The odd planck are there to be rounded.
pub const PRICE: PriceSchedule = PriceSchedule {
	per_call: 10 * MILLI_OPEN + 7,
	per_input_token: 50 * MICRO_OPEN + 3,
	per_cached_input_token: 10 * MICRO_OPEN + 1,
	per_output_token: 200 * MICRO_OPEN + 1,
};

/// The shares of the model's income.
pub fn policy() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(40),
		data: Permill::from_percent(35),
		node: Permill::from_percent(25),
		attributed: Permill::from_percent(30),
	}
}

/// A name or URI as the chain takes it.
///
/// # Errors
/// If it is too long.
pub fn name(text: &str) -> Result<Name> {
	Name::try_from(text.as_bytes().to_vec()).ok().context("the name is too long")
}

fn uri(text: &str) -> Result<Uri> {
	Uri::try_from(text.as_bytes().to_vec()).ok().context("the URI is too long")
}

/// Submits an extrinsic and waits until it is in a block and has succeeded.
///
/// # Errors
/// If it does not, with the pallet's own words.
pub async fn submit(chain: &Chain, signer: &Keypair, call: Call) -> Result<Included> {
	let what = format!("{}.{}", call.pallet(), call.name());
	let outcome = tx::submit(chain, &call, signer, SubmitOptions::in_block()).await?;
	outcome.into_included().context(what)
}

/// A session that was opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opened {
	/// Its id.
	pub id: SessionId,
	/// The block in which it was.
	pub at: BlockNumber,
}

/// The caller opens a session with the inference node that lasts so many blocks, with a deposit in
/// planck.
///
/// # Errors
/// If the extrinsic fails.
pub async fn open_session(chain: &Chain, deposit: Balance, blocks: BlockNumber) -> Result<Opened> {
	open_session_of(chain, &key(CALLER)?, deposit, blocks).await
}

/// The same, by another caller.
///
/// # Errors
/// If the extrinsic fails.
pub async fn open_session_of(
	chain: &Chain,
	caller: &Keypair,
	deposit: Balance,
	blocks: BlockNumber,
) -> Result<Opened> {
	let best = chain.block(At::Best).await?.number;
	let call = Call::InferenceMetering(metering::Call::open_session {
		node: key(OPERATOR)?.account(),
		deposit,
		signer: caller.account(),
		expires_at: best + blocks,
	});
	let included = submit(chain, caller, call).await?;
	let id = included.find(session_opened).context("no SessionOpened event")?;
	Ok(Opened { id, at: included.block.number })
}

/// The session that an event says was opened.
pub fn session_opened(event: &Event) -> Option<SessionId> {
	match event {
		Event::InferenceMetering(metering::Event::SessionOpened(opened)) => Some(opened.session),
		_ => None,
	}
}

/// A published release of the datanet and what is in it.
#[derive(Clone, Debug)]
pub struct Release {
	/// The datanet.
	pub datanet: DatanetId,
	/// The release.
	pub release: ReleaseId,
	/// Its contributions.
	pub contributions: Vec<Contribution>,
}

/// The curator's part of what the datanet earns.
pub const CURATOR_SHARE: Permill = Permill::from_percent(5);

/// Creates the datanet; three contributors submit their data, the curator accepts them with their
/// weights and publishes a release.
///
/// # Errors
/// If an extrinsic fails.
pub async fn publish_data(chain: &Chain) -> Result<Release> {
	let curator = key(CURATOR)?;
	let call = Call::DataAttribution(data::Call::create_datanet_with {
		name: name(DATANET)?.into(),
		open: true,
		curator_share: CURATOR_SHARE,
	});
	let created = submit(chain, &curator, call).await?;
	let datanet = created
		.find(|event| match event {
			Event::DataAttribution(data::Event::DatanetCreated(created)) => Some(created.datanet),
			_ => None,
		})
		.context("no DatanetCreated event")?;

	let ids = try_join_all(DATA_SETS.iter().map(|data| submit_contribution(chain, datanet, data)))
		.await?;

	let mut calls: Vec<Call> = ids
		.iter()
		.zip(&DATA_SETS)
		.map(|(id, set)| data::Call::accept_contribution { contribution: *id, weight: set.weight })
		.map(Call::DataAttribution)
		.collect();
	calls.push(Call::DataAttribution(data::Call::publish_release { datanet }));
	let batch = Call::Utility(utility::Call::batch_all { calls });
	let published = submit(chain, &curator, batch).await?;
	let (release, total) = published
		.find(|event| match event {
			Event::DataAttribution(data::Event::ReleasePublished(published)) => {
				Some((published.release, published.total_weight))
			}
			_ => None,
		})
		.context("no ReleasePublished event")?;
	let weights: u64 = DATA_SETS.iter().map(|data| data.weight).sum();
	ensure!(total == weights, "the release weighs {total} instead of {weights}");

	let contributions = ids
		.into_iter()
		.zip(&DATA_SETS)
		.map(|(id, data)| Contribution {
			id,
			datanet,
			release,
			weight: data.weight,
			title: data.title.into(),
			contributor: data.contributor.into(),
		})
		.collect();
	Ok(Release { datanet, release, contributions })
}

/// The curator publishes another release of a datanet, with a contribution of its own. The block in which that
/// was.
///
/// # Errors
/// If an extrinsic fails.
pub async fn publish_another(chain: &Chain, datanet: DatanetId) -> Result<BlockNumber> {
	let set = DataSet {
		title: "islands",
		contributor: CURATOR,
		weight: 1,
		bytes: b"Greenland is the largest island. Iceland has volcanoes.",
	};
	let contribution = submit_contribution(chain, datanet, &set).await?;
	let calls = vec![
		Call::DataAttribution(data::Call::accept_contribution { contribution, weight: set.weight }),
		Call::DataAttribution(data::Call::publish_release { datanet }),
	];
	let batch = Call::Utility(utility::Call::batch_all { calls });
	Ok(submit(chain, &key(CURATOR)?, batch).await?.block.number)
}

/// A contributor submits a data set, and shows the leaf of it that is drawn for that some blocks later.
async fn submit_contribution(chain: &Chain, datanet: DatanetId, set: &DataSet) -> Result<u64> {
	let contributor = key(set.contributor)?;
	let DataRoot { root, size, .. } = set.root()?;
	let submission = Submission {
		root,
		size,
		uri: uri(&format!("https://data.example/{}.txt", set.title))?,
		format: FORMAT_STREAM,
		licence: blake2_256(LICENCE).into(),
	};
	let call = Call::DataAttribution(data::Call::submit_contribution { datanet, submission });
	let submitted = submit(chain, &contributor, call).await?;
	let contribution = submitted
		.find(|event| match event {
			Event::DataAttribution(data::Event::ContributionSubmitted(submitted)) => {
				Some(submitted.contribution)
			}
			_ => None,
		})
		.context("no ContributionSubmitted event")?;
	let drawn = loop {
		let id = contribution.to_le_bytes().to_vec();
		let info: Option<ContributionInfo> =
			chain.runtime_api("DatanetsApi_contribution", id, At::Best).await?;
		if let Some(drawn) = info.context("the contribution is gone")?.drawn {
			break drawn;
		}
		sleep(DRAW_INTERVAL).await;
	};
	let proof = set.proof(drawn)?;
	let call = data::Call::show_possession { contribution, proof };
	submit(chain, &contributor, Call::DataAttribution(call)).await?;
	Ok(contribution)
}

/// The developer registers the model, made from a release.
///
/// # Errors
/// If the extrinsic fails.
pub async fn register_model(chain: &Chain, release: &Release, hashes: Hashes) -> Result<ModelId> {
	let selector = ReleaseSelector::Fixed(release.release);
	register_model_of(chain, release.datanet, selector, hashes).await
}

/// The same, with any release of a datanet.
///
/// # Errors
/// If the extrinsic fails.
pub async fn register_model_of(
	chain: &Chain,
	datanet: DatanetId,
	release: ReleaseSelector,
	hashes: Hashes,
) -> Result<ModelId> {
	let source = DataSource { datanet, release, weight: 1 };
	let details = VersionDetails {
		uri: uri("https://models.example/smollm2-135m-instruct")?,
		base_hash: hashes.weights,
		adapter_hash: None,
		tokenizer_hash: hashes.tokenizer,
		template_hash: hashes.template,
		template_overhead: TEMPLATE_OVERHEAD,
		max_retrieved_tokens: 0,
		attribution_rule: NEWEST_RULE,
		sources: vec![source].try_into().ok().context("too many sources")?,
	};
	let call = Call::ModelRegistry(models::Call::register_model {
		name: name(MODEL)?.into(),
		details,
		price: PRICE,
		policy: policy(),
	});
	let registered = submit(chain, &key(DEVELOPER)?, call).await?;
	registered
		.find(|event| match event {
			Event::ModelRegistry(models::Event::ModelRegistered(registered)) => {
				Some(registered.model)
			}
			_ => None,
		})
		.context("no ModelRegistered event")
}

/// A contributor's balance around a claim, in planck.
#[derive(Clone, Copy, Debug)]
pub struct Claimed {
	/// Free balance before it.
	pub before: Balance,
	/// Amount that the claim paid.
	pub amount: Balance,
	/// The fee of the extrinsic.
	pub fee: Balance,
	/// Free balance after it.
	pub after: Balance,
}

/// A contributor claims what one contribution earned, and the claim becomes final.
///
/// # Errors
/// If the extrinsic fails, or the balance did not change by exactly the amount less the fee.
pub async fn claim(chain: &Chain, contribution: &Contribution) -> Result<Claimed> {
	let contributor = key(&contribution.contributor)?;
	let account = contributor.account();
	let before = chain.free_balance(&account, At::Finalized).await?;
	let call = Call::DataAttribution(data::Call::claim {
		contribution: contribution.id,
		releases: vec![contribution.release],
	});
	let outcome = tx::submit(chain, &call, &contributor, SubmitOptions::finalized()).await?;
	let included = outcome.into_included().context("DataAttribution.claim")?;
	let amount = included
		.find(|event| match event {
			Event::DataAttribution(data::Event::PayoutClaimed(claimed)) => Some(claimed.amount),
			_ => None,
		})
		.context("no PayoutClaimed event")?;
	let fee = included.find(fee).context("no TransactionFeePaid event")?;
	let after = chain.free_balance(&account, At::Finalized).await?;
	let expected = before + amount - fee;
	ensure!(after == expected, "{} planck after a claim instead of {expected}", after);
	Ok(Claimed { before, amount, fee, after })
}

/// The fee of an extrinsic, in planck, if this event tells it.
pub fn fee(event: &Event) -> Option<Balance> {
	fee_paid(event).map(|(_, fee)| fee)
}

/// Who paid for an extrinsic, and what, in planck, if this event tells it.
pub fn fee_paid(event: &Event) -> Option<(AccountId, Balance)> {
	match event {
		Event::TransactionPayment(transaction_payment::Event::TransactionFeePaid(paid)) => {
			Some((paid.who.clone(), paid.actual_fee))
		}
		_ => None,
	}
}

/// The curator claims what the datanet's calls have earned, in planck.
///
/// # Errors
/// If the extrinsic fails.
pub async fn claim_curator(chain: &Chain) -> Result<Balance> {
	let call = Call::DataAttribution(data::Call::claim_curator);
	let outcome = tx::submit(chain, &call, &key(CURATOR)?, SubmitOptions::finalized()).await?;
	let included = outcome.into_included().context("DataAttribution.claim_curator")?;
	included
		.find(|event| match event {
			Event::DataAttribution(data::Event::CuratorPaid(paid)) => Some(paid.amount),
			_ => None,
		})
		.context("no CuratorPaid event")
}

/// Amount held from a caller for a session's place in the chain's storage, in planck. The session
/// was opened in a finalized block from `from` upwards, and was the caller's first.
///
/// # Errors
/// If the chain cannot be read, or has no such session.
pub async fn storage_deposit(
	chain: &Chain,
	from: BlockNumber,
	session: SessionId,
) -> Result<Balance> {
	let newest = chain.block(At::Finalized).await?.number;
	for number in from..=newest {
		let hash = chain.block_hash(number).await?.context("a final block is missing")?;
		for record in events::at(chain, hash).await? {
			match record.event {
				Event::InferenceMetering(metering::Event::SessionOpened(opened))
					if opened.session == session =>
				{
					let held = chain.account(&opened.caller, At::Block(hash)).await?.reserved;
					let more = held.checked_sub(opened.deposit);
					return more.context("less is held than was deposited");
				}
				_ => {}
			}
		}
	}
	anyhow::bail!("session {session} was not opened")
}
