//! The costs of the extrinsics, as measured by `scripts/weights.sh`: one module a pallet.

pub mod frame_system;
pub mod pallet_balances;
pub mod pallet_data_attribution;
pub mod pallet_inference_metering;
pub mod pallet_inference_requests;
pub mod pallet_length_fee;
pub mod pallet_model_registry;
pub mod pallet_parameters;
pub mod pallet_revenue_split;
