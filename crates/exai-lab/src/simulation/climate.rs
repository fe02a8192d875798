//! What a seed's world is like. Each has some of the faults only, so that what takes a quiet while can happen as well.

use std::time::Duration;

use exai_session::{DrainPlan, Keeping};

use super::deed::Deed;
use super::dice::Dice;
use super::provider::Odds;

#[derive(Debug, Clone)]
pub(crate) struct Climate {
    pub(crate) hosts: u64,
    pub(crate) deeds: Vec<(Deed, u64)>,
    pub(crate) acts: u64,
    /// Longest pause between two deeds.
    pub(crate) pause_ms: u64,
    pub(crate) latency_ms: u64,
    pub(crate) sync_ms: u64,
    /// How long nobody listens after a daemon's end.
    pub(crate) outage_ms: u64,
    pub(crate) loopback: bool,
    /// Shims are made to believe that no daemon knows their calls.
    pub(crate) unfiltered: bool,
    /// Percent of calls whose host gives up early.
    pub(crate) impatient: u64,
    /// Percent of calls with little time.
    pub(crate) hurried: u64,
    pub(crate) in_flight: u32,
    pub(crate) calls_max: usize,
    pub(crate) places: usize,
    pub(crate) keeping: Keeping,
    pub(crate) drain_plan: DrainPlan,
    pub(crate) odds: Odds,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Climate {
    pub(crate) fn roll(dice: &mut Dice) -> Self {
        let secs = |dice: &mut Dice, among: &[u64]| Duration::from_secs(dice.pick(among).unwrap_or(600));
        // What took an answer over is remembered for longer than the answer may be taken over.
        let short = dice.chance(20);
        let keeping = Keeping {
            acked: secs(dice, &[600, 600, 10]),
            unacked: if dice.chance(20) { secs(dice, &[40]) } else { DAY },
            buried: if short { secs(dice, &[30]) } else { DAY },
            adopt: if short { secs(dice, &[20]) } else { secs(dice, &[600, 600, 600, 20, 0]) },
            bytes: dice.pick(&[256 << 20, 256 << 20, 256 << 20, 4 << 20]).unwrap_or(256 << 20),
        };
        let pick = |dice: &mut Dice, among: &[u64]| dice.pick(among).unwrap_or(0);
        Self {
            hosts: 1 + dice.below(3),
            deeds: deeds(dice),
            acts: 25 + dice.below(45),
            pause_ms: pick(dice, &[300, 1500, 3000, 6000]),
            latency_ms: pick(dice, &[0, 1, 20, 150]),
            sync_ms: pick(dice, &[1, 8, 50, 300]),
            outage_ms: pick(dice, &[100, 1000, 4000, 12_000]),
            loopback: dice.chance(70),
            unfiltered: dice.chance(25),
            impatient: pick(dice, &[0, 10, 40]),
            hurried: pick(dice, &[0, 10, 50]),
            in_flight: u32::try_from(pick(dice, &[64, 64, 2])).unwrap_or(64),
            calls_max: if dice.chance(15) { 3 } else { 64 },
            places: usize::try_from(pick(dice, &[16, 16, 2])).unwrap_or(16).max(2),
            keeping,
            drain_plan: drain_plan(dice.chance(50)),
            odds: Odds {
                refuses: pick(dice, &[0, 10, 30]),
                breaks: pick(dice, &[0, 10, 35]),
                fails: pick(dice, &[0, 5]),
                panics: pick(dice, &[0, 5]),
                continues: pick(dice, &[0, 60, 100]),
            },
        }
    }

    /// Calls that were left for whoever comes keep their room to their deadlines.
    pub(crate) const fn is_roomy(&self) -> bool {
        self.keeping.bytes >= 64 << 20
    }
}

fn drain_plan(short: bool) -> DrainPlan {
    let (finish, effects, close) = if short { (1500, 2000, 2500) } else { (8000, 8500, 9000) };
    DrainPlan {
        finish: Duration::from_millis(finish),
        effects: Duration::from_millis(effects),
        close: Duration::from_millis(close),
        retry_after: Duration::from_millis(100),
        spread: Duration::from_millis(200),
    }
}

fn deeds(dice: &mut Dice) -> Vec<(Deed, u64)> {
    let mut deeds = vec![(Deed::Ask, 24), (Deed::AskTwice, 3), (Deed::Cancel, 3)];
    for deed in Deed::FAULTS {
        if dice.chance(35) {
            deeds.push((deed, 1 + dice.below(4)));
        }
    }
    deeds
}
