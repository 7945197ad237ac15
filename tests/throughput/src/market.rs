//! A model with its data, its nodes and their sessions: what has to be sent, in which order, before calls can
//! be settled.

use crate::account::Account;
use anyhow::{Context, Result};
use openledger_primitives::{
	attribution::{DataSource, ReleaseSelector, NEWEST_RULE},
	contribution::{Submission, FORMAT_STREAM},
	data_tree::{self, leaf_hashes, RangeProof},
	model::VersionDetails,
	policy::RevenuePolicy,
	price::{PriceSchedule, Tokens},
	Balance, BlockNumber, ContributionId, DatanetId, Hash, ModelId, OPEN,
};
use openledger_runtime::{Runtime, RuntimeCall};
use pallet_data_attribution::Call as Data;
use pallet_inference_metering::{Call as Metering, Served};
use pallet_model_registry::Call as Models;
use pallet_utility::Call as Utility;
use sp_runtime::{MultiAddress, Permill};

/// The most items that one batch of setting up carries.
const BATCH: usize = 100;
/// Most of what a call costs is for its tokens.
pub const PRICE: PriceSchedule = PriceSchedule {
	per_call: OPEN / 10_000,
	per_input_token: OPEN / 1_000_000 + 1,
	per_cached_input_token: OPEN / 4_000_000 + 1,
	per_output_token: OPEN / 500_000 + 1,
};
/// What every call uses.
pub const TOKENS: Tokens = Tokens { input: 100, cached: 0, retrieved: 0, output: 50 };

/// Extrinsics of one account, in the order in which they have to be applied.
pub type Step = (Account, Vec<RuntimeCall>);

/// Transfers `amount` planck to each of `accounts`.
pub fn fund(from: &Account, accounts: &[Account], amount: Balance) -> Step {
	let transfers = accounts.iter().map(|account| {
		let dest = MultiAddress::Id(account.id());
		pallet_balances::Call::transfer_keep_alive { dest, value: amount }.into()
	});
	(from.clone(), batches(transfers.collect()))
}

/// Creates a datanet, whose contributions are all its curator's. `first` is the next contribution's id. What they
/// have to show of each is drawn some [blocks](draw_delay) later.
pub fn submit_data(
	curator: &Account,
	datanet: DatanetId,
	first: ContributionId,
	contributors: u32,
) -> Result<Vec<Step>> {
	let name = format!("net-{datanet}").into_bytes().try_into().ok().context("a long name")?;
	let submit = |contribution: ContributionId| -> Result<RuntimeCall> {
		let data = data_tree::root(&data_set(contribution), None)?;
		let submission = Submission {
			root: data.root,
			size: data.size,
			uri: Default::default(),
			format: FORMAT_STREAM,
			licence: Hash::repeat_byte(4),
		};
		Ok(Data::submit_contribution { datanet, submission }.into())
	};
	let submissions = ids(first, contributors).map(submit).collect::<Result<_>>()?;
	Ok(vec![
		(curator.clone(), vec![Data::create_datanet { name }.into()]),
		(curator.clone(), batches(submissions)),
	])
}

/// Shows the data of these contributions, accepts them, and publishes the first release of their datanet.
pub fn release_data(
	curator: &Account,
	datanet: DatanetId,
	first: ContributionId,
	contributors: u32,
) -> Result<Vec<Step>> {
	let show = |contribution: ContributionId| -> Result<RuntimeCall> {
		let stream = data_set(contribution);
		let length = u32::try_from(stream.len())?;
		// Its only leaf is what is drawn.
		let proof = RangeProof::new(&stream, None, &leaf_hashes(&stream, None), 0, length)?;
		Ok(Data::show_possession { contribution, proof }.into())
	};
	let accept = |contribution: ContributionId| {
		Data::accept_contribution { contribution, weight: 1 + contribution % 10 }.into()
	};
	let steps = [
		batches(ids(first, contributors).map(show).collect::<Result<_>>()?),
		batches(ids(first, contributors).map(accept).collect()),
		vec![Data::publish_release { datanet }.into()],
	];
	Ok(steps.into_iter().map(|calls| (curator.clone(), calls)).collect())
}

/// Blocks from a submission until it is drawn which leaf of it has to be shown.
pub fn draw_delay() -> BlockNumber {
	<Runtime as pallet_data_attribution::Config>::DrawDelay::get()
}

fn ids(first: ContributionId, count: u32) -> impl Iterator<Item = ContributionId> {
	(0..u64::from(count)).map(move |number| first.saturating_add(number))
}

/// The data behind a contribution.
fn data_set(contribution: ContributionId) -> [u8; 8] {
	contribution.to_le_bytes()
}

/// Registers a model that was made from the first release of a datanet.
pub fn register_model(developer: &Account, datanet: DatanetId) -> Result<Step> {
	let source = DataSource { datanet, release: ReleaseSelector::Fixed(1), weight: 1 };
	let details = VersionDetails {
		uri: b"https://example.org/model".to_vec().try_into().ok().context("uri")?,
		base_hash: Hash::repeat_byte(1),
		adapter_hash: None,
		tokenizer_hash: Hash::repeat_byte(2),
		template_hash: Some(Hash::repeat_byte(3)),
		template_overhead: 16,
		max_retrieved_tokens: 0,
		attribution_rule: NEWEST_RULE,
		sources: vec![source].try_into().ok().context("sources")?,
	};
	let register = Models::register_model {
		name: format!("model-{datanet}").into_bytes().try_into().ok().context("name")?,
		details,
		price: PRICE,
		policy: RevenuePolicy {
			developer: Permill::from_percent(40),
			data: Permill::from_percent(35),
			node: Permill::from_percent(25),
			attributed: Permill::zero(),
		},
	};
	Ok((developer.clone(), vec![register.into()]))
}

/// Registers a node that serves a model.
pub fn register_node(operator: &Account, model: ModelId) -> Result<Step> {
	let node = Metering::register_node {
		endpoint: b"https://node.example.org".to_vec().try_into().ok().context("endpoint")?,
		receipt_key: operator.id(),
		bond: 1_000 * OPEN,
		models: vec![Served { model, capacity: 4 }].try_into().ok().context("models")?,
	};
	Ok((operator.clone(), vec![node.into()]))
}

/// Opens a session of `caller` with each of the nodes, in this order.
pub fn open_sessions(
	caller: &Account,
	nodes: &[Account],
	deposit: Balance,
	expires_at: BlockNumber,
) -> Step {
	let open = |node: &Account| {
		Metering::open_session { node: node.id(), deposit, signer: caller.id(), expires_at }.into()
	};
	(caller.clone(), batches(nodes.iter().map(open).collect()))
}

/// The same calls in as few extrinsics as they fit.
fn batches(calls: Vec<RuntimeCall>) -> Vec<RuntimeCall> {
	calls.chunks(BATCH).map(|calls| Utility::batch_all { calls: calls.to_vec() }.into()).collect()
}
