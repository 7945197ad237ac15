//! A model with its data, its node and its caller, and the settlements of its calls.

use crate::chain::Chain;
use anyhow::{Context, Result};
use openledger_primitives::{
	aggregate::Aggregate,
	attribution::{DataSource, ReleaseSelector, NEWEST_RULE},
	contribution::{Submission, FORMAT_STREAM},
	model::VersionDetails,
	policy::RevenuePolicy,
	price::{PriceSchedule, Tokens},
	record::{CallRecord, CallRecords},
	signing::Signed,
	voucher::Voucher,
	Balance, DatanetId, Hash, ModelId, Sequence, SessionId, OPEN,
};
use openledger_runtime::{Runtime, RuntimeCall};
use pallet_data_attribution::{Call as Data, NextContributionId, NextDatanetId};
use pallet_inference_metering::{Call as Metering, NextSessionId, Served};
use pallet_model_registry::{Call as Models, NextModelId};
use pallet_utility::Call as Utility;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::{MultiAddress, Permill};

/// The most items that one batch of setting up carries.
const BATCH: usize = 100;
const INPUT_TOKENS: u32 = 100;
const OUTPUT_TOKENS: u32 = 50;

/// A model and everyone behind it.
pub struct Market {
	contributors: u32,
	model: ModelId,
	session: SessionId,
	price: PriceSchedule,
	sequence: Sequence,
	settled: Balance,
	operator: Sr25519Keyring,
}

/// A transfer between two accounts that exist.
pub fn transfer(_: u32) -> (Sr25519Keyring, RuntimeCall) {
	let dest = MultiAddress::Id(Ferdie.to_account_id());
	(Eve, pallet_balances::Call::transfer_keep_alive { dest, value: OPEN / 1_000 }.into())
}

impl Market {
	/// Registers a model of a datanet with so many contributors, all of them Charlie's, a node and a
	/// session.
	pub fn open(chain: &mut Chain, contributors: u32) -> Result<Self> {
		let operator = if contributors == 1 { Bob } else { Dave };
		let datanet = chain.read(NextDatanetId::<Runtime>::get);
		let name = format!("net-{contributors}");
		let name = name.into_bytes().try_into().ok().context("the name is too long")?;
		chain.apply(Charlie, vec![Data::create_datanet { name }.into()])?;
		contribute(chain, datanet, contributors)?;

		let model = chain.read(NextModelId::<Runtime>::get);
		let price = PriceSchedule {
			per_call: OPEN / 1_000,
			per_input_token: OPEN / 1_000_000 + 1,
			per_cached_input_token: OPEN / 4_000_000 + 1,
			per_output_token: OPEN / 500_000 + 1,
		};
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
			name: format!("model-{contributors}").into_bytes().try_into().ok().context("name")?,
			details,
			price,
			policy: RevenuePolicy {
				developer: Permill::from_percent(40),
				data: Permill::from_percent(35),
				node: Permill::from_percent(25),
				attributed: Permill::zero(),
			},
		};
		chain.apply(Alice, vec![register.into()])?;
		let node = Metering::register_node {
			endpoint: b"https://node.example.org".to_vec().try_into().ok().context("endpoint")?,
			receipt_key: operator.to_account_id(),
			bond: 1_000 * OPEN,
			models: vec![Served { model, capacity: 4 }].try_into().ok().context("models")?,
		};
		chain.apply(operator, vec![node.into()])?;
		let session = chain.read(NextSessionId::<Runtime>::get);
		let open = Metering::open_session {
			node: operator.to_account_id(),
			deposit: 400_000 * OPEN,
			signer: Alice.to_account_id(),
			expires_at: chain.number() + 100_000,
		};
		chain.apply(Alice, vec![open.into()])?;
		Ok(Self { contributors, model, session, price, sequence: 0, settled: 0, operator })
	}

	/// Number of contributors of the model's data.
	pub fn contributors(&self) -> u32 {
		self.contributors
	}

	/// The settlement of the next `batch` calls, itemised.
	pub fn settlement(
		&mut self,
		chain: &mut Chain,
		_: u32,
		batch: u32,
	) -> Result<(Sr25519Keyring, RuntimeCall)> {
		let tokens = Tokens::new(INPUT_TOKENS, OUTPUT_TOKENS);
		let charge = self.price.charge(&tokens).context("too dear")?;
		let records: Vec<_> =
			(1..=batch).map(|n| self.record(self.sequence + u64::from(n))).collect();
		let earlier = charge * Balance::from(batch - 1);
		let sequence = self.sequence + u64::from(batch);
		let voucher = self.voucher(chain, sequence, self.settled + earlier, charge);
		self.sequence = sequence;
		self.settled += earlier + charge;
		let signature = Alice.sign(&voucher.signing_payload()).into();
		let records = CallRecords::try_from(records).ok().context("too many records")?;
		Ok((self.operator, Metering::settle { voucher, signature, records }.into()))
	}

	/// The settlement of the next `calls` calls by their sums.
	pub fn aggregate(
		&mut self,
		chain: &mut Chain,
		_: u32,
		calls: u32,
	) -> Result<(Sr25519Keyring, RuntimeCall)> {
		// Cheap ones, so that millions of them fit the deposit: no tokens at all.
		let up_to = self.sequence + u64::from(calls);
		let aggregate = Aggregate {
			up_to,
			calls,
			input_tokens: 0,
			output_tokens: 0,
			attribution: Default::default(),
			unattributed: 0,
			root: Hash::repeat_byte(7),
		};
		let charge = aggregate.charge(&self.price).context("too dear")?;
		let voucher = self.voucher(chain, up_to + 1, self.settled + charge, 0);
		self.sequence = up_to;
		self.settled += charge;
		let signature = Alice.sign(&voucher.signing_payload()).into();
		let call = Metering::settle_aggregate { voucher, signature, aggregate, last: None };
		Ok((self.operator, call.into()))
	}

	fn record(&self, sequence: Sequence) -> CallRecord {
		CallRecord {
			sequence,
			model: self.model,
			version: 0,
			price_version: 0,
			input_tokens: INPUT_TOKENS,
			output_tokens: OUTPUT_TOKENS,
			request_hash: Hash::repeat_byte(9),
			response_hash: Hash::repeat_byte(8),
			attribution: Default::default(),
		}
	}

	fn voucher(
		&self,
		chain: &mut Chain,
		sequence: Sequence,
		acknowledged: Balance,
		allowance: Balance,
	) -> Voucher {
		Voucher {
			genesis_hash: chain.genesis_hash(),
			session: self.session,
			lane: 0,
			model: self.model,
			version: 0,
			price_version: 0,
			sequence,
			acknowledged,
			authorised: acknowledged + allowance,
			request_hash: Hash::repeat_byte(9),
			valid_until: u32::MAX,
		}
	}
}

/// Fills a datanet and publishes its first release.
fn contribute(chain: &mut Chain, datanet: DatanetId, contributors: u32) -> Result<()> {
	let first = chain.read(NextContributionId::<Runtime>::get);
	let submit: Vec<RuntimeCall> = (0..u64::from(contributors))
		.map(|n| {
			let submission = Submission {
				root: Hash::from_low_u64_be(first + n + 1),
				size: 1_000,
				uri: Default::default(),
				format: FORMAT_STREAM,
				licence: Hash::repeat_byte(4),
			};
			Data::submit_contribution { datanet, submission }.into()
		})
		.collect();
	let accept: Vec<RuntimeCall> = (0..u64::from(contributors))
		.map(|n| Data::accept_contribution { contribution: first + n, weight: 1 + n % 10 }.into())
		.collect();
	for calls in [submit, accept] {
		let batches = calls
			.chunks(BATCH)
			.map(|calls| Utility::batch_all { calls: calls.to_vec() }.into())
			.collect();
		chain.apply(Charlie, batches)?;
	}
	chain.apply(Charlie, vec![Data::publish_release { datanet }.into()])
}
