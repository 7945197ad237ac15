//! The pallets that this chain is for: models, data, metering, and the split of each charge.
//!
//! They are wired in a line: metering charges a call on the terms of the model registry, hands the
//! charge to the revenue split, and that hands the data part to data attribution.

use crate::{
	constants::{deposit, DAYS, HOURS},
	AccountId, Balance, Balances, BlockNumber, DataAttribution, ModelRegistry, RevenueSplit,
	Runtime, RuntimeHoldReason,
};
use frame_support::{parameter_types, traits::ConstU64, PalletId};
use frame_system::EnsureRoot;
use openledger_primitives::{MILLI_OPEN, OPEN};
use sp_runtime::{traits::AccountIdConversion, Permill};

parameter_types! {
	/// Keeps what contributors may claim.
	pub const DataPot: PalletId = PalletId(*b"ol/datap");
	/// Charges pass through it, and it keeps what is too little to be paid out yet.
	pub const SplitPot: PalletId = PalletId(*b"ol/split");
	/// Keeps the protocol's share until governance spends it.
	pub const Treasury: PalletId = PalletId(*b"ol/trsry");
	pub ProtocolAccount: AccountId = Treasury::get().into_account_truncating();

	/// A model's four entries, and a price on a good name.
	pub const ModelDepositBase: Balance = 5 * OPEN + deposit(4, 0);
	pub const ModelDepositPerByte: Balance = deposit(0, 1);
	pub const DatanetDeposit: Balance = 10 * OPEN;
	pub const ContributionBond: Balance = OPEN;

	/// What an operator puts up against misbehaviour.
	pub const MinBond: Balance = 100 * OPEN;
	/// Covers a session's entry and those of its lanes.
	pub const MinSessionDeposit: Balance = 100 * MILLI_OPEN;
	/// Ten blocks: half a minute.
	pub const MinSessionDuration: BlockNumber = 10;
	pub const MaxSessionDuration: BlockNumber = 30 * DAYS;
	/// A node that is down for longer than this after a caller asked to close may lose what it did
	/// not settle; a caller whose node has vanished waits as long for the deposit.
	pub const CloseNotice: BlockNumber = 6 * HOURS;
	pub const SettlementWindow: BlockNumber = DAYS;

	pub const DefaultProtocolShare: Permill = Permill::from_percent(5);
	pub const MaxProtocolShare: Permill = Permill::from_percent(20);
}

/// The accounts that must exist from genesis on, with the existential deposit: the pots, and the
/// protocol's. No key signs for them.
pub fn pot_accounts() -> [AccountId; 3] {
	[DataAttribution::pot(), RevenueSplit::pot(), ProtocolAccount::get()]
}

impl pallet_model_registry::Config for Runtime {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Data = DataAttribution;
	type DepositBase = ModelDepositBase;
	type DepositPerByte = ModelDepositPerByte;
	type WeightInfo = ();
}

impl pallet_data_attribution::Config for Runtime {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Earnings = RevenueSplit;
	type PotId = DataPot;
	type DatanetDeposit = DatanetDeposit;
	type ContributionBond = ContributionBond;
	type MaxWeight = ConstU64<1_000_000>;
	type WeightInfo = ();
}

impl pallet_revenue_split::Config for Runtime {
	type Currency = Balances;
	type Data = DataAttribution;
	type GovernanceOrigin = EnsureRoot<AccountId>;
	type ProtocolAccount = ProtocolAccount;
	type DefaultProtocolShare = DefaultProtocolShare;
	type MaxProtocolShare = MaxProtocolShare;
	type PotId = SplitPot;
	type WeightInfo = pallet_revenue_split::weights::EstimatedWeight<Runtime>;
}

impl pallet_inference_metering::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = ModelRegistry;
	type Revenue = RevenueSplit;
	type MinBond = MinBond;
	type MinDeposit = MinSessionDeposit;
	type MinDuration = MinSessionDuration;
	type MaxDuration = MaxSessionDuration;
	type CloseNotice = CloseNotice;
	type SettlementWindow = SettlementWindow;
	type WeightInfo = pallet_inference_metering::weights::EstimatedWeight<Runtime>;
}
