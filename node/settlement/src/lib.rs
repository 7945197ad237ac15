//! A serving node's business with the chain: what goes there, and when. Knows no web server and no
//! configuration file.
//!
//! | module | holds |
//! |---|---|
//! | [`view`] | what the chain says about sessions, models and prices |
//! | [`redeem`] | bringing served calls to the chain |
//! | [`requests`] | answering calls that are requested through the chain |
//! | [`heartbeat`] | telling the chain that the node is alive |
//! | [`pruning`] | removing what is old from the books |

pub mod heartbeat;
pub mod pruning;
pub mod redeem;
pub mod requests;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod view;
