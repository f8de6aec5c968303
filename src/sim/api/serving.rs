//! From a sound question to the body of its page.

use super::cursor::Token;
use super::fault::Timed;
use super::machine::{Api, OTHER_WORKSPACE, Question, Turn};
use super::page::{Next, compose};
use super::timeline::{Event, Position};
use crate::domain::Timestamp;
use crate::sim::workload::{EventPlan, Omission, mix, render_without};

/// One page before it is written down.
struct Found {
    events: Vec<(Position, String)>,
    more: bool,
}

impl Api {
    pub(super) fn serve(&mut self, turn: &Turn, question: &Question) -> String {
        let below = question.cursor.as_ref().map_or(Position::TOP, |(_, token)| token.below);
        let mut found = if turn.meets(Timed::EmptyPage) || turn.meets(Timed::EmptyAnswer) {
            Found { events: Vec::new(), more: turn.meets(Timed::EmptyPage) }
        } else {
            self.find(turn, below, question.since)
        };
        let last = found.events.last().map_or(below, |(at, _)| *at);
        // No two answers have the same token, even where time stands still between them.
        let issued = Timestamp::from_ticks(turn.now.ticks().saturating_add(self.stats.requests as i64));
        let fresh = Token { below: last, since: question.asked, issued }.encode(self.secret());
        let next = match &question.cursor {
            _ if turn.meets(Timed::CursorMissing) => Next::Lost,
            Some((sent, _)) if turn.meets(Timed::CursorRepeat) => Next::Cursor(sent.clone()),
            _ if found.more => Next::Cursor(fresh),
            _ => Next::End(self.settings.last_cursor, fresh),
        };
        if turn.meets(Timed::Unordered) {
            found.events.reverse();
        }
        if turn.delivers() {
            self.stats.pages += 1;
            self.stats.events_served += found.events.len() as u64;
        }
        let texts: Vec<String> = found.events.into_iter().map(|(_, text)| text).collect();
        compose(self.settings.dialect, &texts, &next)
    }

    /// The newest events below a position, down to `since`, as many as a page holds. Where the page repeats
    /// the edge of the one before (E7), the repeated event counts among them.
    fn find(&mut self, turn: &Turn, below: Position, since: Timestamp) -> Found {
        let repeats = self.settings.duplicate_edge && below != Position::TOP;
        let from = if repeats { Position { order: below.order.saturating_add(1), ..below } } else { below };
        let wanted = self.settings.page_size.max(if repeats { 2 } else { 1 });
        let exclusive = self.settings.since_exclusive;
        let mut seen = self
            .timeline
            .descend(from)
            .take_while(|(at, _)| at.ingested > since || (at.ingested == since && !exclusive))
            .filter(|(at, event)| self.timeline.is_visible(*at, *event, turn.now));
        let foreign = turn.meets(Timed::OtherOrganization);
        let mut served = Vec::new();
        let events =
            seen.by_ref().take(wanted).map(|(at, event)| (at, self.text_of(event, foreign, &mut served))).collect();
        let more = seen.next().is_some();
        self.resent.extend(served);
        Found { events, more }
    }

    /// An event's text; `served` gets the seeds of those that will read differently the next time.
    fn text_of(&self, event: Event<'_>, foreign: bool, served: &mut Vec<u64>) -> String {
        let plan = match event {
            Event::Planned(plan) if foreign => EventPlan { seed: plan.seed ^ OTHER_WORKSPACE, ..plan },
            Event::Planned(plan) => plan,
            Event::Inserted(inserted) => return inserted.text.clone(),
        };
        let spec = if foreign { &self.other } else { &self.settings.workload };
        let mut text = render_without(spec, self.settings.dialect, &plan, self.omission(plan.seed));
        if self.settings.conflict_every.is_some_and(|every| mix(plan.seed ^ 0xc0f).is_multiple_of(every)) {
            if self.resent.contains(&plan.seed) {
                text.pop();
                text.push_str(",\"revision\":2}");
            }
            served.push(plan.seed);
        }
        text
    }

    /// The standard member that the event of this seed lacks, if any (E31).
    pub(super) fn omission(&self, seed: u64) -> Option<Omission> {
        let draw = mix(seed ^ 0x0417);
        let every = self.settings.missing_every?;
        draw.is_multiple_of(every).then(|| Omission::ALL[(draw / every % Omission::ALL.len() as u64) as usize])
    }
}
