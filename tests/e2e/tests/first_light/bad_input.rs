//! Everything that a caller can get wrong has its own error, and changes nothing.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::{models, ss58, At, Call};
use openledger_e2e::{
	inference::Settle,
	network::{key, Network, CALLER, DEVELOPER, LONGEST_GAP},
	payer::{chat, Lane, Payer},
	scenario::{open_session, submit, MODEL, PRICE},
	story::open_shop,
};
use openledger_primitives::{
	answer::Evidence,
	lane::{Agreement, Voucher},
	AccountId, Balance, BlockNumber, Hash, SessionId, MILLI_OPEN,
};
use serde_json::{json, Value};

/// A context that is exceeded soon, in tokens.
const CONTEXT: u32 = 512;
/// The smallest deposit that a session may have.
const DEPOSIT: Balance = 100 * MILLI_OPEN;
/// The longest that a voucher may be valid, in blocks.
const DAY: BlockNumber = 28_800;
/// The shortest that a session may last, in blocks, and one to be sure.
const SHORT: BlockNumber = 11;

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_has_its_own_error_and_changes_nothing() -> Result<()> {
	Network::with(async |network| {
		let shop = open_shop(network, Settle::Later, Some(CONTEXT)).await?;
		let chain = network.chain().clone();
		let short = open_session(&chain, DEPOSIT, SHORT).await?;
		let session = open_session(&chain, DEPOSIT, 10_000).await?;
		let payer = Payer::new(shop.home.url(), session, key(CALLER)?);

		bad_requests(&payer).await?;
		bad_vouchers(&payer, session.id).await?;
		bad_rpc(network).await?;

		// The short session's time is over.
		let over = chain.session(short.id, At::Best).await?.context("no session")?.expires_at;
		// The node looks at the chain with every finalized block.
		network.finality.wait_for_block(over, 2 * LONGEST_GAP).await?;
		let body = chat(MODEL, "Hello", 8);
		let late = payer.with_session(short);
		let offer = late.offer(&body).await?;
		let voucher = late.voucher(&offer, &body, &Lane::default());
		late.pay(&offer, &body, voucher).await?.is_error(402, "session_expired")?;

		// A paused model takes no calls, and takes them again when it is resumed.
		let developer = key(DEVELOPER)?;
		let model = shop.model;
		let pause = Call::ModelRegistry(models::Call::pause_model { model });
		let paused = submit(&chain, &developer, pause).await?;
		network.finality.wait_for_block(paused.block.number + 1, LONGEST_GAP).await?;
		payer.ask(&body, None).await?.is_error(403, "model_paused")?;
		let resume = Call::ModelRegistry(models::Call::resume_model { model });
		let resumed = submit(&chain, &developer, resume).await?;
		network.finality.wait_for_block(resumed.block.number + 1, LONGEST_GAP).await?;
		payer.offer(&body).await?;

		for session in [short, session] {
			let info = chain.session(session.id, At::Best).await?.context("no session")?;
			ensure!(info.settled == 0 && info.lanes.is_empty(), "something changed: {info:?}");
		}
		Ok(())
	})
	.await
}

/// Requests that are wrong before anything is paid.
async fn bad_requests(payer: &Payer) -> Result<()> {
	payer.ask(b"{ this is no JSON", None).await?.is_error(400, "malformed_json")?;
	payer.ask(b"{}", None).await?.is_error(400, "missing_required_parameter")?;
	let unknown = chat("nobody/knows-it", "Hello", 8);
	payer.ask(&unknown, None).await?.is_error(404, "model_not_found")?;
	let long = chat(MODEL, &"far too long ".repeat(400), 8);
	payer.ask(&long, None).await?.is_error(400, "context_length_exceeded")?;
	let unpaid = payer.ask(&chat(MODEL, "Hello", 8), None).await?;
	unpaid.is_error(402, "payment_required")?;
	ensure!(unpaid.offer()?.amount > 0, "a call that costs nothing");
	payer.ask(&chat(MODEL, "Hello", 8), Some("%%%")).await?.is_error(400, "malformed_payment")
}

/// Payments that are wrong. One call is right, so that there is something to repeat.
async fn bad_vouchers(payer: &Payer, session: SessionId) -> Result<()> {
	let body = chat(MODEL, "Hello", 8);
	let offer = payer.offer(&body).await?;
	let mut lane = Lane::default();
	let good = payer.voucher(&offer, &body, &lane);
	let of = |change: fn(&mut Agreement)| {
		let mut agreement = good.agreement;
		change(&mut agreement);
		Voucher { agreement, ..good }
	};
	let wrong: [(&str, Voucher); 14] = [
		("wrong_chain", Voucher { genesis_hash: Hash::repeat_byte(1), ..good }),
		("request_mismatch", Voucher { request_hash: Hash::repeat_byte(1), ..good }),
		("session_unknown", Voucher { session: session + 1_000, ..good }),
		("model_mismatch", of(|agreement| agreement.model += 1)),
		("version_changed", of(|agreement| agreement.version += 1)),
		("price_changed", of(|agreement| agreement.price_version += 1)),
		("price_changed", of(|agreement| agreement.own_price = Some(PRICE))),
		("as_of_unusable", of(|agreement| agreement.as_of = 0)),
		("as_of_unusable", of(|agreement| agreement.as_of += 1_000)),
		("voucher_expired", Voucher { valid_until: 0, ..good }),
		("voucher_valid_too_long", Voucher { valid_until: good.valid_until + DAY, ..good }),
		("insufficient_authorisation", Voucher { authorised: good.authorised - 1, ..good }),
		(
			"acknowledged_mismatch",
			Voucher { acknowledged: 1, authorised: good.authorised + 1, ..good },
		),
		("acknowledged_mismatch", Voucher { acknowledged_root: Hash::repeat_byte(1), ..good }),
	];
	for (code, voucher) in wrong {
		payer.pay(&offer, &body, voucher).await?.is_error(402, code)?;
	}
	let extended = Voucher { extension: Some(Hash::repeat_byte(1)), ..good };
	payer.pay(&offer, &body, extended).await?.is_error(400, "malformed_payment")?;
	let stranger = payer.with_signer(key("//Eve")?);
	stranger.pay(&offer, &body, good).await?.is_error(402, "invalid_signature")?;
	let ahead = Voucher { sequence: 3, ..good };
	payer.pay(&offer, &body, ahead).await?.is_error(409, "voucher_out_of_order")?;

	// None of that took the first voucher's place.
	let served = payer.pay(&offer, &body, good).await?;
	ensure!(served.status.is_success(), "{served:?}");
	let charge = served.response.as_ref().context("no statement")?.amount;
	ensure!(charge > 0 && charge <= offer.amount, "a charge of {charge} planck");
	lane.take(served.receipt()?)?;

	// The same once more has the same answer and statement; another request has neither.
	let again = payer.pay(&offer, &body, good).await?;
	let same = (&again.body, &again.response) == (&served.body, &served.response);
	ensure!(again.status.is_success() && same, "{again:?} instead of {served:?}");
	let other = chat(MODEL, "Hello?", 8);
	payer.pay(&offer, &other, good).await?.is_error(402, "request_mismatch")?;
	let back = Voucher { acknowledged: 0, authorised: offer.amount + 1, ..good };
	payer.pay(&offer, &body, back).await?.is_error(409, "voucher_out_of_order")?;

	// The lane goes on under its agreement, and acknowledges that call and no other.
	let next = payer.voucher(&offer, &body, &lane);
	let sealed = Agreement { evidence: Evidence::Sealed, ..next.agreement };
	let other = Voucher { agreement: sealed, ..next };
	payer.pay(&offer, &body, other).await?.is_error(409, "lane_of_other_terms")?;
	let unlisted = Voucher { acknowledged_root: good.acknowledged_root, ..next };
	payer.pay(&offer, &body, unlisted).await?.is_error(402, "acknowledged_mismatch")?;

	// More than what is left of the deposit.
	let greedy = chat(MODEL, "Hello", 440);
	let offer = payer.offer(&greedy).await?;
	ensure!(offer.amount + charge > DEPOSIT, "an offer of {} planck", offer.amount);
	let voucher = payer.voucher(&offer, &greedy, &lane);
	payer.pay(&offer, &greedy, voucher).await?.is_error(402, "session_underfunded")
}

/// JSON-RPC requests that are wrong.
async fn bad_rpc(network: &Network) -> Result<()> {
	let http = reqwest::Client::new();
	let url = network.url().replacen("ws", "http", 1);
	let nobody = ss58(&AccountId::new([9; 32]));
	let cases: [(&str, Value, i64, &str); 14] = [
		("payouts_pending", json!(["not-an-address"]), 12010, "not-an-address"),
		("payouts_earnings", json!(["0x1234"]), 12010, "0x1234"),
		("payouts_pending", json!([key(CALLER)?.address(), 0, 0]), 12011, "0"),
		("models_get", json!(["nobody/knows-it"]), 12020, "nobody/knows-it"),
		("inference_quote", json!([99, 1, 1]), 12020, "99"),
		("inference_session", json!([99]), 12030, "99"),
		("inference_node", json!([nobody]), 12031, &nobody),
		("inference_request", json!([99]), 12032, "99"),
		("datanets_get", json!(["nobody/knows-it"]), 12040, "nobody/knows-it"),
		("datanets_releases", json!([99]), 12040, "99"),
		("datanets_contribution", json!([99]), 12041, "99"),
		("payouts_model", json!([99]), 12020, "99"),
		("models_get", json!([{}]), -32602, ""),
		("models_nothing", json!([]), -32601, ""),
	];
	for (method, params, code, word) in cases {
		let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
		let answer: Value = http.post(&url).json(&request).send().await?.json().await?;
		let error = answer.get("error").with_context(|| format!("{method}: {answer}"))?;
		ensure!(error["code"] == code, "{method}{params}: {answer}");
		let message = error["message"].as_str().unwrap_or_default();
		ensure!(message.contains(word), "{method}{params} does not name {word}: {answer}");
	}
	Ok(())
}
