//! Whatever happens in whatever order: the budget holds, what vouchers acknowledge is what nodes have stated, and
//! a crash loses nothing.

use openledger_primitives::VersionId;
use proptest::prelude::*;

use super::{world::World, *};

/// A random step.
#[derive(Clone, Debug)]
pub(super) enum Step {
	Fund {
		node: u8,
		need: u8,
		outcome: u8,
	},
	Begin {
		node: u8,
		model: ModelId,
		version: VersionId,
		amount: u8,
	},
	End {
		which: usize,
		how: u8,
		charge: u8,
	},
	TakeUp {
		which: usize,
		charge: u8,
	},
	Settle {
		which: usize,
	},
	/// An older state of a lane is put back.
	Forget {
		which: usize,
		earlier: usize,
	},
	/// Lanes of a session are taken over from their node.
	Adopt {
		which: usize,
	},
	Reorg {
		which: usize,
		node: u8,
	},
	Close {
		which: usize,
		refund: bool,
	},
	Retire {
		which: usize,
	},
}

/// Most calls are of one model, in one version.
fn rarely() -> impl Strategy<Value = u32> {
	prop_oneof![5 => Just(0), 1 => Just(1)]
}

fn step() -> impl Strategy<Value = Step> {
	let which = || any::<usize>();
	prop_oneof![
		6 => (2u8..4, any::<u8>(), 0u8..8).prop_map(|(node, need, outcome)| Step::Fund {
			node,
			need,
			outcome
		}),
		30 => (2u8..4, rarely(), rarely(), any::<u8>()).prop_map(
			|(node, model, version, amount)| Step::Begin { node, model, version, amount }
		),
		30 => (which(), 0u8..16, any::<u8>()).prop_map(|(which, how, charge)| Step::End {
			which,
			how,
			charge
		}),
		3 => (which(), any::<u8>()).prop_map(|(which, charge)| Step::TakeUp { which, charge }),
		1 => which().prop_map(|which| Step::Settle { which }),
		4 => (which(), which()).prop_map(|(which, earlier)| Step::Forget { which, earlier }),
		4 => which().prop_map(|which| Step::Adopt { which }),
		1 => (which(), 2u8..5).prop_map(|(which, node)| Step::Reorg { which, node }),
		1 => (which(), any::<bool>()).prop_map(|(which, refund)| Step::Close { which, refund }),
		1 => which().prop_map(|which| Step::Retire { which }),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(512))]
	#[test]
	fn whatever_happens_the_budget_holds(
		limit in 0u32..20_000,
		deposit in prop::option::of(0u32..5_000),
		steps in prop::collection::vec(step(), 1..200),
	) {
		let budget = Budget::new(limit.into(), deposit.map(Into::into));
		let mut world = World::new(budget);
		for step in steps {
			world.take(step);
			world.check();
		}
		prop_assert!(world.survives_a_restart());
	}
}
