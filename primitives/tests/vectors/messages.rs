//! Messages that are signed, records, and what settlements say of them.

use crate::{expect, hex, scale};
use openledger_primitives::{
	answer::Evidence,
	lane::{
		Agreement, Amount, AttributionShare, CallRecord, CloseAgreement, DirectAmount, SettledCall,
		SettledItem, SettledParts, SettledRun, Statement, VersionedCloseAgreement,
		VersionedStatement, VersionedVoucher, Voucher,
	},
	lane_list::Totals,
	price::{PriceSchedule, Tokens},
	signing::Signed,
	Hash,
};
use serde_json::{json, Value};

const OWN_PRICE: PriceSchedule = PriceSchedule {
	per_call: 1_000_000_000_000,
	per_input_token: 2_000_000_000,
	per_cached_input_token: 500_000_000,
	per_output_token: 1 << 70,
};

fn agreement(evidence: Evidence, own_price: Option<PriceSchedule>) -> Agreement {
	Agreement { model: 5, version: 4, price_version: 2, as_of: 90_001, evidence, own_price }
}

fn price(price: &PriceSchedule) -> Value {
	json!({
		"per_call": price.per_call.to_string(),
		"per_input_token": price.per_input_token.to_string(),
		"per_cached_input_token": price.per_cached_input_token.to_string(),
		"per_output_token": price.per_output_token.to_string(),
	})
}

fn agreement_case(agreement: &Agreement) -> Value {
	json!({
		"model": agreement.model,
		"version": agreement.version,
		"price_version": agreement.price_version,
		"as_of": agreement.as_of,
		"sealed": agreement.evidence == Evidence::Sealed,
		"own_price": agreement.own_price.as_ref().map(price),
		"encoded": scale(agreement),
		"hash": hex(agreement.hash()),
	})
}

fn voucher(agreement: Agreement, extension: Option<Hash>) -> Value {
	let voucher = Voucher {
		genesis_hash: Hash::repeat_byte(1),
		session: 7_000_000_000,
		lane: 1_023,
		agreement,
		sequence: 12,
		acknowledged: 1 << 90,
		acknowledged_root: Hash::repeat_byte(8),
		authorised: (1 << 90) + 500,
		request_hash: Hash::repeat_byte(9),
		valid_until: 100_000,
		extension,
	};
	json!({
		"genesis_hash": hex(voucher.genesis_hash),
		"session": voucher.session,
		"lane": voucher.lane,
		"agreement": agreement_case(&agreement),
		"sequence": voucher.sequence,
		"acknowledged": voucher.acknowledged.to_string(),
		"acknowledged_root": hex(voucher.acknowledged_root),
		"authorised": voucher.authorised.to_string(),
		"request_hash": hex(voucher.request_hash),
		"valid_until": voucher.valid_until,
		"extension": extension.map(hex),
		"payload": hex(voucher.signing_payload()),
		"versioned": scale(&VersionedVoucher::from(voucher)),
	})
}

fn shares(count: u64) -> Vec<AttributionShare> {
	let part = 10_000 / u16::try_from(count.max(1)).unwrap();
	(0..count).map(|at| AttributionShare { contribution: at.pow(9), basis_points: part }).collect()
}

fn shares_of(record: &CallRecord) -> Vec<Value> {
	let shares = record.attribution.iter();
	shares.map(|share| json!([share.contribution, share.basis_points])).collect()
}

fn statement(tokens: Tokens, count: u64, extension: Option<Hash>) -> Statement {
	Statement {
		genesis_hash: Hash::repeat_byte(1),
		session: 7,
		lane: 3,
		agreement: agreement(Evidence::Open, None),
		sequence: 70_000,
		tokens,
		charge: 480_000_000_000_000_000,
		request_hash: Hash::repeat_byte(9),
		response_hash: Hash::repeat_byte(10),
		attribution: shares(count).try_into().unwrap(),
		extension,
	}
}

fn statement_case(statement: &Statement) -> Value {
	let record = statement.record();
	let tokens = statement.tokens;
	json!({
		"genesis_hash": hex(statement.genesis_hash),
		"session": statement.session,
		"lane": statement.lane,
		"agreement": agreement_case(&statement.agreement),
		"sequence": statement.sequence,
		"tokens": [tokens.input, tokens.cached, tokens.retrieved, tokens.output],
		"charge": statement.charge.to_string(),
		"request_hash": hex(statement.request_hash),
		"response_hash": hex(statement.response_hash),
		"attribution": shares_of(&record),
		"extension": statement.extension.map(hex),
		"payload": hex(statement.signing_payload()),
		"versioned": scale(&VersionedStatement::from(statement.clone())),
		"hash": hex(VersionedStatement::from(statement.clone()).hash()),
		"record": scale(&record),
		"is_record": record.check().is_ok(),
	})
}

fn amounts(amounts: &[Amount]) -> Vec<String> {
	amounts.iter().map(|amount| amount.0.to_string()).collect()
}

fn parts(parts: &SettledParts) -> Value {
	json!({
		"protocol": parts.protocol.to_string(),
		"developer": parts.developer.to_string(),
		"data": parts.data.to_string(),
		"royalties": amounts(&parts.royalties),
	})
}

fn direct(at: u64) -> DirectAmount {
	DirectAmount { amount: 1 << (8 * at), source: u8::try_from(at % 8).unwrap() }
}

fn direct_of(call: &SettledCall) -> Vec<Value> {
	let direct = call.direct.iter();
	direct.map(|paid| json!([paid.amount.to_string(), paid.source])).collect()
}

fn call(count: u64, royalties: &[u128]) -> Value {
	let statement = statement(Tokens::new(300, 40), count, None);
	let call = SettledCall {
		record: statement.record(),
		charge: statement.charge,
		parts: SettledParts {
			protocol: 24_000_000_000_000_000,
			developer: 63,
			data: 1 << 60,
			royalties: royalties
				.iter()
				.copied()
				.map(Amount)
				.collect::<Vec<_>>()
				.try_into()
				.unwrap(),
		},
		direct: (0..count).map(direct).collect::<Vec<_>>().try_into().unwrap(),
	};
	let item = SettledItem::Call(call.clone());
	json!({
		"record": scale(&call.record),
		"charge": call.charge.to_string(),
		"parts": parts(&call.parts),
		"direct": direct_of(&call),
		"item": scale(&item),
		"leaf": hex(item.leaf()),
	})
}

fn run() -> Value {
	let run = SettledRun {
		first_sequence: 5,
		last_sequence: 1 << 33,
		count: 1_000_000,
		acknowledged_root: Hash::repeat_byte(8),
		totals: Totals {
			calls: 1_000_000,
			charge: 1 << 80,
			input_tokens: 1 << 40,
			cached_tokens: 3,
			retrieved_tokens: 0,
			output_tokens: 1 << 38,
			calls_with_entries: 0,
		},
		parts: SettledParts {
			protocol: (1 << 64) + 1,
			developer: 5,
			data: 6,
			royalties: Default::default(),
		},
	};
	let item = SettledItem::Run(run.clone());
	json!({
		"first_sequence": run.first_sequence,
		"last_sequence": run.last_sequence,
		"count": run.count,
		"acknowledged_root": hex(run.acknowledged_root),
		"totals": crate::lanes::totals(&run.totals),
		"parts": parts(&run.parts),
		"item": scale(&item),
		"leaf": hex(item.leaf()),
	})
}

#[test]
fn messages() {
	let extension = Some(Hash::repeat_byte(0xee));
	let close = CloseAgreement {
		genesis_hash: Hash::repeat_byte(1),
		session: 7,
		settled: 1 << 100,
		extension: None,
	};
	let statements = [
		statement(Tokens::new(300, 40), 0, None),
		statement(
			Tokens { input: 1 << 20, cached: 1 << 19, retrieved: 70, output: 1 << 31 },
			16,
			None,
		),
		statement(Tokens::new(0, 0), 3, extension),
		statement(Tokens { input: 5, cached: 6, retrieved: 0, output: 0 }, 0, None),
		statement(Tokens { input: 5, cached: 0, retrieved: 6, output: 0 }, 0, None),
	];
	expect(
		"messages.json",
		"messages that are signed, records, and what settlements say of them",
		json!({
			"vouchers": [
				voucher(agreement(Evidence::Open, None), None),
				voucher(agreement(Evidence::Sealed, Some(OWN_PRICE)), None),
				voucher(agreement(Evidence::Open, Some(OWN_PRICE)), extension),
			],
			"statements": statements.iter().map(statement_case).collect::<Vec<_>>(),
			"closings": [{
				"genesis_hash": hex(close.genesis_hash),
				"session": close.session,
				"settled": close.settled.to_string(),
				"payload": hex(close.signing_payload()),
				"versioned": scale(&VersionedCloseAgreement::from(close)),
			}],
			"calls": [call(0, &[]), call(3, &[]), call(16, &[1, 0, 1 << 100])],
			"runs": [run()],
		}),
	);
}
