//! The nodes: what is known of each, which one is asked, and what is said to it over HTTP.

pub mod api;
pub mod choice;
pub mod endpoint;
pub mod health;
