//! The HTTP side of a serving node: admission, payment, and the life of a call. Knows no configuration
//! file, and signs nothing but statements and agreements to a session's end.
//!
//! | module | holds |
//! |---|---|
//! | [`server`] | the HTTP handlers, from a request to its answer |
//! | `openai` | answers in the OpenAI protocol |
//! | `payment` | vouchers, from the header to the signed statement |

mod openai;
mod payment;
pub mod server;
