//! Choosing the next token.

use rand::{rngs::StdRng, Rng, SeedableRng};

use crate::{BackendError, Sampling};

/// Below this temperature the likeliest token is as good as certain.
const GREEDY_BELOW: f64 = 1e-5;

/// Draws tokens for one call.
#[derive(Debug)]
pub(super) struct Sampler {
	temperature: f64,
	top_p: f64,
	random: StdRng,
}

impl Sampler {
	/// A sampler for one call; draws its own seed where none is given.
	pub fn new(sampling: &Sampling) -> Self {
		let random = match sampling.seed {
			Some(seed) => StdRng::seed_from_u64(u64::from_le_bytes(seed.to_le_bytes())),
			None => StdRng::from_entropy(),
		};
		Self {
			temperature: sampling.temperature.unwrap_or(1.0),
			top_p: sampling.top_p.unwrap_or(1.0),
			random,
		}
	}

	/// Chooses a token by the model's scores, one for each token of its vocabulary.
	pub fn choose(&mut self, scores: &[f32]) -> Result<u32, BackendError> {
		let (best, highest) = scores
			.iter()
			.copied()
			.enumerate()
			.filter(|(_, score)| !score.is_nan())
			.max_by(|(_, a), (_, b)| a.total_cmp(b))
			.ok_or_else(|| BackendError::failed("the model gave no usable scores"))?;
		let chosen = if self.temperature < GREEDY_BELOW || self.top_p <= 0.0 {
			// Of equals the first, so that the choice never depends on the order of the search.
			scores.iter().position(|score| *score == highest).unwrap_or(best)
		} else {
			self.draw(scores, f64::from(highest), best)
		};
		u32::try_from(chosen).map_err(BackendError::failed)
	}

	fn draw(&mut self, scores: &[f32], highest: f64, best: usize) -> usize {
		let mut candidates: Vec<(usize, f64)> = scores
			.iter()
			.map(|score| ((f64::from(*score) - highest) / self.temperature).exp())
			.enumerate()
			.filter(|(_, weight)| *weight > 0.0)
			.collect();
		if self.top_p < 1.0 {
			self.keep_likeliest(&mut candidates);
		}
		let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
		let mut left = self.random.gen::<f64>() * total;
		for (token, weight) in &candidates {
			left -= weight;
			if left < 0.0 {
				return *token;
			}
		}
		// Only rounding leads here.
		candidates.last().map_or(best, |(token, _)| *token)
	}

	/// Keeps the fewest of the likeliest tokens that together reach `top_p`.
	fn keep_likeliest(&self, candidates: &mut Vec<(usize, f64)>) {
		let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
		let wanted = self.top_p * total;
		// Tokens so unlikely that all of them together cannot matter need not be sorted.
		let rest = total - wanted;
		let count = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
		let least = rest / f64::from(count);
		let likely: f64 = candidates
			.iter()
			.filter(|(_, weight)| *weight >= least)
			.map(|(_, weight)| weight)
			.sum();
		if likely >= wanted {
			candidates.retain(|(_, weight)| *weight >= least);
		}
		candidates.sort_by(|(_, a), (_, b)| b.total_cmp(a));
		let mut reached = 0.0;
		let keep = candidates
			.iter()
			.position(|(_, weight)| {
				reached += weight;
				reached >= wanted
			})
			.map_or(candidates.len(), |last| last.saturating_add(1));
		candidates.truncate(keep.max(1));
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn draws(
		temperature: f64,
		top_p: f64,
		seed: Option<i64>,
		scores: &[f32],
		n: usize,
	) -> Vec<u32> {
		let mut sampler =
			Sampler::new(&Sampling { temperature: Some(temperature), top_p: Some(top_p), seed });
		(0..n).map(|_| sampler.choose(scores).expect("a token")).collect()
	}

	#[test]
	fn zero_temperature_takes_the_likeliest() {
		let scores = [0.1, 3.0, f32::NAN, 3.0, -1.0];
		assert!(draws(0.0, 1.0, None, &scores, 50).iter().all(|token| *token == 1));
		assert!(draws(2.0, 0.0, None, &scores, 50).iter().all(|token| *token == 1));
	}

	#[test]
	fn the_same_seed_draws_the_same() {
		let scores: Vec<f32> = (0..200_u8).map(|n| f32::from(n % 17) / 4.0).collect();
		assert_eq!(draws(1.0, 0.9, Some(-5), &scores, 50), draws(1.0, 0.9, Some(-5), &scores, 50));
		assert_ne!(draws(1.0, 0.9, Some(1), &scores, 50), draws(1.0, 0.9, Some(2), &scores, 50));
	}

	#[test]
	fn draws_follow_the_weights() {
		// Weights 1 : 2 : 5.
		let scores = [0.0, 2.0_f32.ln(), 5.0_f32.ln()];
		let tokens = draws(1.0, 1.0, Some(7), &scores, 8_000);
		let count = |wanted: u32| tokens.iter().filter(|token| **token == wanted).count();
		assert!((900..1_100).contains(&count(0)), "{}", count(0));
		assert!((1_850..2_150).contains(&count(1)), "{}", count(1));
	}

	#[test]
	fn top_p_cuts_the_tail() {
		// Weights 1 : 2 : 5; the likeliest two are seven eighths.
		let scores = [0.0, 2.0_f32.ln(), 5.0_f32.ln()];
		assert!(draws(1.0, 0.6, Some(7), &scores, 500).iter().all(|token| *token == 2));
		let tokens = draws(1.0, 0.8, Some(7), &scores, 500);
		assert!(tokens.contains(&1) && tokens.contains(&2) && !tokens.contains(&0));
		assert!(draws(1.0, 0.99, Some(7), &scores, 500).contains(&0));
	}

	#[test]
	fn a_broken_model_is_an_error() {
		let mut sampler = Sampler::new(&Sampling::default());
		assert!(sampler.choose(&[]).is_err());
		assert!(sampler.choose(&[f32::NAN, f32::NAN]).is_err());
	}
}
