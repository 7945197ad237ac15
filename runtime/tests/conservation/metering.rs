//! Actions of operators, and of callers with their sessions.

use crate::{
	common::{bounded, sign, text},
	lanes,
	market::{Deed, Market},
	models::callable_models,
	people::{caller, operator, person, receipt_key, signer},
	script::{Kind, Step},
};
use frame_support::traits::Get;
use openledger_primitives::{lane::CloseAgreement, AccountId, Balance, Hash, SessionId, Uri};
use openledger_runtime::{configs::parameters, Runtime, System};
use pallet_inference_metering::{
	Call, Node, Nodes, Served as ServedModel, ServedModels, Session, Sessions, Status,
};

type Inference = Node<AccountId, u32>;
type Channel = Session<AccountId, u32>;

/// A session that never was.
pub const NO_SESSION: SessionId = 999_999;

/// All sessions, by id.
pub fn sessions() -> Vec<(SessionId, Channel)> {
	let mut all = Sessions::<Runtime>::iter().collect::<Vec<_>>();
	all.sort_by_key(|(id, _)| *id);
	all
}

/// All nodes, by operator.
pub fn nodes() -> Vec<(AccountId, Inference)> {
	let mut all = Nodes::<Runtime>::iter().collect::<Vec<_>>();
	all.sort_by(|(one, _), (other, _)| one.cmp(other));
	all
}

/// Returns `true` if a session's node should answer calls.
pub fn session_is_open(session: &Channel) -> bool {
	let now = System::block_number();
	now < session.expires_at && session.closes_at.is_none_or(|closes_at| now < closes_at)
}

/// Returns `true` if anybody may close it because it was left behind.
fn lapsed(session: &Channel) -> bool {
	session.settle_until < System::block_number()
}

fn endpoint(value: u16) -> Uri {
	match value {
		u16::MAX => text("gopher://node.example"),
		value => text(&format!("https://node.example/{value}")),
	}
}

fn served(value: u16) -> ServedModels {
	let models = callable_models();
	let place = usize::from(value);
	let count = if value == 0 { 0 } else { 1 + place % 4 };
	let mut served = (0..count)
		.filter_map(|number| Some(models[(place + number).checked_rem(models.len())?].0))
		.collect::<Vec<_>>();
	// Twice the same, at times.
	if !value.is_multiple_of(30) {
		served.sort_unstable();
		served.dedup();
	}
	bounded(served.into_iter().map(|model| ServedModel { model, capacity: 1 + value as u32 % 4 }))
}

/// The call of a step that is about metering.
pub fn deed(market: &Market, step: &Step) -> Option<Deed> {
	match step.kind {
		Kind::SettleLanes => lanes::settle(market, step),
		_ => about_nodes(step).or_else(|| about_sessions(step)),
	}
}

fn about_nodes(step: &Step) -> Option<Deed> {
	let now = System::block_number();
	let nodes = nodes();
	let that = |fits: &dyn Fn(&Inference) -> bool| {
		let fit = nodes.iter().enumerate().filter(|(_, (_, node))| fits(node));
		let place = step.pick(fit.map(|(place, _)| place), 0..nodes.len(), usize::MAX);
		nodes.get(place)
	};
	let by = |node: Option<&(AccountId, Inference)>| {
		step.by(node.map_or_else(|| person(step.pick), |(operator, _)| operator.clone()))
	};
	let min_bond = parameters::MinBond::get();

	match step.kind {
		Kind::RegisterNode => {
			let operators = (0..4usize).map(operator).collect::<Vec<_>>();
			let free = (0..4).filter(|n| !Nodes::<Runtime>::contains_key(&operators[*n]));
			let who = operators[step.pick(free, 0..4, 0)].clone();
			let call = Call::register_node {
				endpoint: endpoint(step.value),
				receipt_key: receipt_key(step.place()),
				bond: if step.value == 0 { 0 } else { min_bond + step.amount() },
				models: served(step.value),
			};
			Deed::by(step.by(who), call)
		}
		Kind::UpdateNode => {
			let (endpoint, models) = (endpoint(step.value), served(step.value));
			Deed::by(by(that(&|_| true)), Call::update_node { endpoint, models })
		}
		Kind::RotateReceiptKey => {
			let node = that(&|_| true);
			let receipt_key = match (step.value, node) {
				(0, Some((_, node))) => node.receipt_key.clone(),
				_ => receipt_key(step.place()),
			};
			Deed::by(by(node), Call::rotate_receipt_key { receipt_key })
		}
		Kind::BondMore => {
			// What is missing, at times.
			let node = that(&|node| node.bond < min_bond).or_else(|| that(&|_| true));
			let missing = node.map_or(0, |(_, node)| min_bond.saturating_sub(node.bond));
			let amount = if step.value == 0 { 0 } else { step.amount() + missing };
			Deed::by(by(node), Call::bond_more { amount })
		}
		Kind::Heartbeat => Deed::by(by(that(&|_| true)), Call::heartbeat {}),
		Kind::StartUnbonding => Deed::by(by(that(&Inference::is_active)), Call::start_unbonding {}),
		Kind::CancelUnbonding => {
			let node = that(&|node| matches!(node.status, Status::Unbonding(_)));
			Deed::by(by(node), Call::cancel_unbonding {})
		}
		Kind::WithdrawNodeBond => {
			let node = that(&|node| {
				matches!(node.status, Status::Unbonding(at) if at <= now)
					&& node.sessions == 0
					&& node.liable_until < now
			});
			Deed::by(by(node), Call::withdraw_bond {})
		}
		Kind::Unjail => {
			let node = that(&|node| {
				matches!(node.status, Status::Jailed(until) if until <= now)
					&& node.bond >= min_bond
			});
			Deed::by(by(node), Call::unjail {})
		}
		Kind::RemoveNode => {
			let period = parameters::UnbondingPeriod::get();
			let node = that(&|node| {
				matches!(node.status, Status::Jailed(until) if until + period <= now)
					&& node.bond < min_bond
					&& node.sessions == 0
			});
			let operator = node.map_or_else(|| person(step.pick), |(who, _)| who.clone());
			Deed::by(person(step.place()), Call::remove_node { operator })
		}
		Kind::SetNodePayee => {
			let payee = (!step.value.is_multiple_of(4)).then(|| person(step.place()));
			Deed::by(by(that(&|_| true)), Call::set_payee { payee })
		}
		Kind::OpenSession | Kind::OpenSessionWithLimit => {
			let node = that(&Inference::is_active);
			let node = node.map_or_else(|| person(step.pick), |(who, _)| who.clone());
			let caller = step.by(caller(step.place()));
			let least = parameters::MinSessionDeposit::get();
			let deposit = if step.value == 0 { 0 } else { least + step.amount() };
			let blocks = match step.value {
				u16::MAX => 400 * 28_800,
				value if value.is_multiple_of(2) => {
					(20 * 28_800).min(parameters::MaxSessionDuration::get())
				}
				value => 10 + u32::from(value) * 30,
			};
			let expires_at = now + blocks;
			let signer = signer(&caller, usize::from(step.pick));
			let call = if step.kind == Kind::OpenSession {
				Call::open_session { node, deposit, signer, expires_at }
			} else {
				let spending_limit = deposit / 4 * Balance::from(step.value % 5);
				Call::open_session_with_limit { node, deposit, signer, spending_limit, expires_at }
			};
			Deed::by(caller, call)
		}
		_ => None,
	}
}

fn about_sessions(step: &Step) -> Option<Deed> {
	let now = System::block_number();
	let sessions = sessions();
	let that = |fits: &dyn Fn(&Channel) -> bool| {
		let fit = sessions.iter().filter(|(_, session)| fits(session)).map(|(id, _)| *id);
		step.pick(fit, sessions.iter().map(|(id, _)| *id), NO_SESSION)
	};
	let find = |id| sessions.iter().find(|(other, _)| *other == id).map(|(_, session)| session);
	let of_caller =
		|id| step.by(find(id).map_or_else(|| caller(step.pick), |session| session.caller.clone()));
	let lasting = |session: &Channel| session.closes_at.is_none() && now < session.expires_at;

	match step.kind {
		Kind::TopUp => {
			let session = that(&lasting);
			Deed::by(of_caller(session), Call::top_up { session, amount: step.amount() })
		}
		Kind::ExtendSession => {
			let session = that(&lasting);
			let more = u32::from(step.value) * 10;
			let expires_at = find(session).map_or(now, |session| session.expires_at + more);
			Deed::by(of_caller(session), Call::extend_session { session, expires_at })
		}
		Kind::SetSpendingLimit => {
			let session = that(&Channel::has_hot_key);
			let limit = match (step.value, find(session)) {
				(0, Some(session)) => session.limit_at(now),
				_ => step.amount(),
			};
			Deed::by(of_caller(session), Call::set_spending_limit { session, limit })
		}
		Kind::RequestClose => {
			let session = that(&|session| session.closes_at.is_none());
			Deed::by(of_caller(session), Call::request_close { session })
		}
		Kind::CloseSession => {
			// By anybody if it was left behind, else by its node.
			let session = match that(&lapsed) {
				id if find(id).is_some_and(lapsed) => id,
				_ => that(&|_| true),
			};
			let who = match find(session) {
				Some(session) if lapsed(session) => person(step.place()),
				Some(session) => step.by(session.node.clone()),
				None => person(step.pick),
			};
			Deed::by(who, Call::close_session { session })
		}
		Kind::CloseByAgreement => {
			let session = that(&|_| true);
			let settled = find(session).map_or(0, |session| session.settled);
			let mut agreement = CloseAgreement {
				genesis_hash: crate::common::genesis_hash(),
				session,
				settled,
				extension: None,
			};
			// Of another time, of another chain, or in more words than anybody knows.
			match step.value % 20 {
				17 => agreement.genesis_hash = Hash::zero(),
				18 => agreement.extension = Some(Hash::zero()),
				19 => agreement.settled += 1,
				_ => (),
			}
			let node = find(session).and_then(|session| Nodes::<Runtime>::get(&session.node));
			let key = node.map_or_else(|| person(step.pick), |node| node.receipt_key);
			let key = if step.value == u16::MAX { person(step.pick) } else { key };
			let signature = sign(&key, &agreement);
			let agreement = agreement.into();
			Deed::by(of_caller(session), Call::close_by_agreement { agreement, signature })
		}
		_ => None,
	}
}
