//! A contextual bandit: which choices do best for whom, learned in batches from what was shown and what came of it.
//!
//! The method is Thompson sampling with a linear model (S. Agrawal, N. Goyal: Thompson Sampling for Contextual Bandits
//! with Linear Payoffs, ICML 2013), which bears rewards that arrive in batches (O. Chapelle, L. Li: An Empirical
//! Evaluation of Thompson Sampling, NIPS 2011). As in D. Hill et al., An Efficient Bandit Algorithm for Realtime
//! Multivariate Optimization (KDD 2017), what is chosen has several slots; here each level of a slot has an effect of its
//! own and one for each circumstance, and slots do not sway each other, so that they are chosen one by one.

mod dice;
mod learn;
mod model;
mod state;
mod trial;

pub use learn::{Reward, Shown};
pub use model::{Choice, Design, Model, Slot};
pub use state::Bandit;
pub use trial::{Trial, trial};
