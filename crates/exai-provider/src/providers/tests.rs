//! The attempt loop against a scripted transport in paused time: what goes out, when, and what comes back.

mod continuing;
mod discovering;
mod ending;
mod faults;
mod fitting;
mod leaving_nothing;
mod pacing;
mod pausing;
mod refusing;
mod retiring;
mod retrying;
mod spending;
mod streaming;
mod world;
