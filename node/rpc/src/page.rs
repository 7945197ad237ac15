//! Page sizes.

use crate::Error;

/// Entries of a page when no limit is asked for.
pub const DEFAULT_LIMIT: u32 = 64;
/// The most entries of a page.
pub const MAX_LIMIT: u32 = openledger_primitives::MAX_PAGE;

/// The page size to use.
///
/// # Errors
/// [`Error::BadLimit`] if it is 0 or above [`MAX_LIMIT`].
pub(crate) fn checked_limit(limit: Option<u32>) -> Result<u32, Error> {
	match limit.unwrap_or(DEFAULT_LIMIT) {
		limit @ 1..=MAX_LIMIT => Ok(limit),
		limit => Err(Error::BadLimit { limit, max: MAX_LIMIT }),
	}
}

/// Whether a page of `len` entries may have a successor.
pub(crate) fn is_full(len: usize, limit: u32) -> bool {
	u32::try_from(len).is_ok_and(|len| len >= limit)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn limits_are_bounded() {
		assert_eq!(checked_limit(None), Ok(DEFAULT_LIMIT));
		assert_eq!(checked_limit(Some(1)), Ok(1));
		assert_eq!(checked_limit(Some(MAX_LIMIT)), Ok(MAX_LIMIT));
		for limit in [0, MAX_LIMIT + 1, u32::MAX] {
			assert_eq!(checked_limit(Some(limit)), Err(Error::BadLimit { limit, max: MAX_LIMIT }));
		}
	}

	#[test]
	fn only_full_pages_have_successors() {
		assert!(!is_full(0, 1));
		assert!(is_full(1, 1));
		assert!(!is_full(63, 64));
	}
}
