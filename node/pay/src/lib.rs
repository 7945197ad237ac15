//! A local proxy that lets any app call the models of OpenLedger, and commands that call one and look
//! after what calls have cost. What pays is [`openledger_payer`].
//!
//! | module | holds |
//! |---|---|
//! | [`server`] | the proxy: HTTP for apps |
//! | [`report`] | where the money is |
//! | [`cli`] | the command line |

pub mod cli;
pub mod report;
pub mod server;
