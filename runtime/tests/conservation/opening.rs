//! The market as each script finds it: datanets with releases, models, nodes, sessions.

use crate::{
	common::{begin_block, bounded, end_rests, show, submission, text, version, PLENTY},
	market::Market,
	people::{caller, contributor, curator, developer, gone, operator, receipt_key, signer},
};
use frame_support::traits::Get;
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	policy::RevenuePolicy,
	price::PriceSchedule,
	AccountId, DatanetId, Hash, ReleaseId, MILLI_OPEN, OPEN,
};
use openledger_runtime::{configs::parameters, RuntimeCall, System};
use pallet_data_attribution::Call as Data;
use pallet_inference_metering::{Call as Metering, Served};
use pallet_model_registry::Call as Models;
use sp_runtime::Permill;

impl Market {
	/// Opens the market, in the chain's first block.
	pub fn open() -> Result<Self, String> {
		begin_block(1);
		let mut market = Self::new();
		for account in [developer(2usize), gone()] {
			let call = pallet_balances::Call::transfer_allow_death {
				dest: account.into(),
				value: PLENTY / 2,
			};
			market.must(&developer(0usize), call);
		}
		market.open_datanets();
		market.open_models();
		market.finish()?;

		// The owner of the first model purges it and vanishes.
		begin_block(1 + parameters::SettlementGrace::get());
		let owner = gone();
		market.must(&owner, Models::purge_model { model: 0, limit: 10 });
		end_rests();
		let dest = developer(0usize).into();
		let call = pallet_balances::Call::transfer_all { dest, keep_alive: false };
		market.must(&owner, call);
		market.open_sessions();
		market.finish()?;
		Ok(market)
	}

	/// Sends a call that has to succeed.
	pub fn must(&mut self, who: &AccountId, call: impl Into<RuntimeCall>) {
		let call = call.into();
		let shown = format!("{call:?}");
		self.send(who, call).unwrap_or_else(|error| panic!("{shown} fails: {error:?}"));
	}

	fn open_datanets(&mut self) {
		for datanet in 0..3u8 {
			let who = curator(datanet);
			let name = text(&format!("datanet-{datanet}"));
			let share = Permill::from_percent(u32::from(datanet) * 10);
			let open = datanet < 2;
			let curator_share = share;
			self.must(&who, Data::create_datanet_with { name, open, curator_share });
			let datanet_id = DatanetId::from(datanet);
			if !open {
				let account = contributor(0usize);
				self.must(&who, Data::allow_contributor { datanet: datanet_id, account });
			}
			for number in 0..3u8 {
				let from = if open { contributor(number) } else { contributor(0usize) };
				let submissions = [(); 2].map(|()| submission(self.next_serial().into()));
				let submissions = bounded(submissions);
				self.must(&from, Data::submit_contributions { datanet: datanet_id, submissions });
				let first = (u64::from(datanet) * 3 + u64::from(number)) * 2;
				for contribution in first..first + 2 {
					self.must(&from, show(contribution));
				}
			}
			for number in 0..5u64 {
				let contribution = u64::from(datanet) * 6 + number;
				let weight = 1 + number * 3;
				self.must(&who, Data::accept_contribution { contribution, weight });
				if number == 2 {
					self.must(&who, Data::publish_release { datanet: datanet_id });
				}
			}
			self.must(&who, Data::publish_release { datanet: datanet_id });
		}
	}

	fn open_models(&mut self) {
		let source = |datanet, release, weight| DataSource { datanet, release, weight };
		let fixed = |release: ReleaseId| ReleaseSelector::Fixed(release);
		let all = [
			source(0, fixed(1), 3),
			source(0, ReleaseSelector::Latest, 1),
			source(1, fixed(2), 5),
			source(2, fixed(1), 7),
		];
		for number in 0..5u8 {
			let name = text(&format!("model-{number}"));
			let price = PriceSchedule {
				per_call: MILLI_OPEN / 3 * u128::from(number) + 11,
				per_input_token: MILLI_OPEN / 7_000,
				per_cached_input_token: MILLI_OPEN / 70_000,
				per_output_token: MILLI_OPEN / 100 + 1,
			};
			let sources = match number {
				1 => bounded([all[0]]),
				2 => bounded(all),
				3 => bounded([all[1], all[2]]),
				_ => DataSources::default(),
			};
			let pays_data = !sources.is_empty();
			let policy = RevenuePolicy {
				developer: Permill::from_percent(if pays_data { 40 } else { 75 }),
				data: Permill::from_percent(if pays_data { 35 } else { 0 }),
				node: Permill::from_percent(25),
				attributed: Permill::from_percent(u32::from(number) * 25),
			};
			let weights = Hash::repeat_byte(number);
			let details = version("https://models.example/first", weights, sources);
			if number == 0 {
				self.must(&gone(), Models::register_model { name, details, price, policy });
				continue;
			}
			let call = Models::register_derived_model {
				name,
				details,
				price,
				policy,
				parent: u32::from(number) - 1,
				royalty: Permill::from_parts(123_457),
			};
			self.must(&developer(number - 1), call);
		}
		self.must(&gone(), Models::retire_model { model: 0 });
	}

	fn open_sessions(&mut self) {
		for number in 0..2usize {
			let endpoint = text("https://node.example");
			let (receipt_key, bond) = (receipt_key(number), 150 * OPEN);
			let models = bounded((1..5).map(|model| Served { model, capacity: 2 }));
			let call = Metering::register_node { endpoint, receipt_key, bond, models };
			self.must(&operator(number), call);
		}
		for number in 0..4usize {
			let who = caller(number);
			let call = Metering::open_session {
				node: operator(number % 2),
				deposit: 3 * OPEN,
				signer: signer(&who, number),
				expires_at: System::block_number() + 500_000,
			};
			self.must(&who, call);
		}
	}
}
