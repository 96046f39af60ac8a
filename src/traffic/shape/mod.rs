//! What the traffic of a story is like: how large its events are, of whom, which come twice, and which nobody can handle.
//!
//! Each trait is drawn by dice of its own from the run's seed: with one more of them the story stays the same, and so do the others.

mod given;
mod names;
mod size;
mod weighted;

use std::sync::Arc;

use rand::RngExt;

pub(crate) use self::given::{Given, attribute, clash, field};
pub(crate) use self::names::Names;
pub(crate) use self::size::Size;
use crate::event::dice::{Dice, dice};
use crate::event::envelope::{Attribute, Event, Member};
use crate::event::mix::Mix;
use crate::event::own::MAX_MESSAGE;

/// What is asked of the traffic; by default nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    pub size: Option<Size>,
    pub mix: Option<Mix>,
    /// Whose the events are.
    pub tenants: Option<Arc<Names>>,
    /// The message groups of a FIFO topic, instead of the consumers.
    pub groups: Option<Arc<Names>>,
    /// The share of events that are one published again.
    pub duplicates: f64,
    /// The share of events that no consumer can handle.
    pub poison: f64,
    /// Attributes and members of the body that the story lacks.
    pub attributes: Vec<Arc<Given<Attribute>>>,
    pub fields: Vec<Arc<Given<Member>>>,
}

/// Gives one publisher's events their traits.
#[derive(Debug)]
pub(crate) struct Shaper {
    shape: Shape,
    sizes: Dice,
    tenants: Dice,
    groups: Dice,
    duplicates: Dice,
    poison: Dice,
    /// Of each attribute and each member.
    attributes: Vec<Dice>,
    fields: Vec<Dice>,
}

impl Shaper {
    /// The traits of the events of publisher number `publisher` under `seed`.
    pub(crate) fn new(shape: &Shape, seed: u64, publisher: u32) -> Self {
        let dice = |purpose: &str| dice(&format!("messaging {purpose} 1"), seed, publisher);
        Self {
            shape: shape.clone(),
            sizes: dice("size"),
            tenants: dice("tenant"),
            groups: dice("group"),
            duplicates: dice("duplicate"),
            poison: dice("poison"),
            attributes: shape.attributes.iter().map(|it| dice(&format!("attribute {}", it.name))).collect(),
            fields: shape.fields.iter().map(|it| dice(&format!("field {}", it.name))).collect(),
        }
    }

    /// Whether the next event is the last one again.
    pub(crate) fn repeats(&mut self) -> bool {
        self.shape.duplicates > 0.0 && self.duplicates.random_bool(self.shape.duplicates)
    }

    /// Gives an event its traits.
    pub(crate) fn apply(&mut self, event: &mut Event) {
        event.tenant = self.shape.tenants.as_ref().map(|tenants| tenants.draw(&mut self.tenants));
        event.group = self.shape.groups.as_ref().map(|groups| groups.draw(&mut self.groups));
        event.poison = self.shape.poison > 0.0 && self.poison.random_bool(self.shape.poison);
        for (given, dice) in self.shape.attributes.iter().zip(&mut self.attributes) {
            event.given.extend(given.draw(dice));
        }
        for (given, dice) in self.shape.fields.iter().zip(&mut self.fields) {
            given.draw(dice).into_iter().for_each(|member| event.put(member));
        }
        if let Some(size) = self.shape.size {
            let attributes: usize = event.attributes().iter().map(Attribute::size).sum();
            let wanted = size.draw(&mut self.sizes) as usize;
            event.fill(wanted.min(MAX_MESSAGE.saturating_sub(attributes)), &mut self.sizes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::envelope::Place;
    use crate::event::story::Story;

    fn told(shape: &Shape, seed: u64, n: u64) -> Vec<Event> {
        let (mut story, mut shaper) = (Story::new(seed, 0, &[]), Shaper::new(shape, seed, 0));
        let tell = |sequence| {
            let place = Place { publisher: 0, sequence };
            let mut event = Event::new(story.next_event(), "r", place, jiff::Timestamp::UNIX_EPOCH);
            shaper.apply(&mut event);
            event
        };
        (0..n).map(tell).collect()
    }

    fn bodies(events: &[Event]) -> Vec<String> {
        events.iter().map(Event::to_json).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_traffic_and_a_trait_leaves_the_rest_as_it_is() {
        let names = |text| Some(Names::parse(text, "n").unwrap());
        let shape = Shape { size: Size::parse("lognormal(1KiB,2)").ok(), tenants: names("3"), ..Shape::default() };
        assert_eq!(bodies(&told(&shape, 7, 200)), bodies(&told(&shape, 7, 200)));
        let more = Shape { groups: names("9"), poison: 0.5, ..shape.clone() };
        let (less, more) = (told(&shape, 7, 200), told(&more, 7, 200));
        assert!(less.iter().zip(&more).all(|(less, more)| less.id == more.id && less.tenant == more.tenant));
        assert!(more.iter().all(|event| event.group.is_some()) && less.iter().all(|event| event.group.is_none()));
    }

    #[test]
    fn an_event_has_the_size_that_was_drawn_and_fits_into_a_message() {
        let shape = |text| Shape { size: Some(Size::parse(text).unwrap()), ..Shape::default() };
        assert!(told(&shape("4KiB"), 1, 100).iter().all(|event| event.to_json().len() == 4_096));
        // What has more to say is as long as it is.
        let (short, bare) = (told(&shape("1B"), 1, 100), told(&Shape::default(), 1, 100));
        assert_eq!(bodies(&short), bodies(&bare));
        let tenants = Some(Names::parse("5", "tenant").unwrap());
        for event in told(&Shape { tenants, ..shape("256KiB") }, 1, 20) {
            let attributes: usize = event.attributes().iter().map(|it| it.size()).sum();
            assert_eq!(event.to_json().len() + attributes, 256 * 1024);
        }
    }

    #[test]
    fn what_is_given_stands_beside_what_the_story_has_or_in_its_stead() {
        let attributes = ["status=paid|refunded", "kind=other"].map(|it| attribute(it).unwrap()).to_vec();
        let fields = ["type=shop.sale", "detail.store=web|shop", "detail.n:Number=7"].map(|it| field(it).unwrap());
        let shape = Shape { attributes, fields: fields.to_vec(), size: Size::parse("4KiB").ok(), ..Shape::default() };
        let (given, bare) = (told(&shape, 7, 200), told(&Shape::default(), 7, 200));
        assert_eq!(bodies(&given), bodies(&told(&shape, 7, 200)), "of a seed they are the same");
        for (event, bare) in given.iter().zip(&bare) {
            assert!(event.id == bare.id && event.to_json().len() == 4_096);
            let all = event.attributes();
            let value =
                |name: &str| all.iter().filter(|it| it.name == name).map(|it| it.value.clone()).collect::<Vec<_>>();
            assert_eq!((value("kind"), value("status").len(), value("event_type").len()), (vec!["other".into()], 1, 1));
            let body: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
            let arrived = crate::event::envelope::Arrived::parse(&event.to_json()).unwrap();
            assert_eq!((body["detail"]["n"].as_i64(), arrived.event_type.as_str()), (Some(7), "shop.sale"));
            assert!(arrived.run.is_some() && body["data"].is_object());
        }
        let of = |store: &str| given.iter().filter(|it| it.to_json().contains(store)).count();
        assert_eq!(of("{\"n\":7,\"store\":\"web\"}") + of("{\"store\":\"web\",\"n\":7}"), of("\"web\""));
        assert!((60..140).contains(&of("\"web\"")) && of("\"web\"") + of("\"shop\"") == 200);
    }

    #[test]
    fn shares_are_about_what_was_asked_for() {
        let shape = Shape { poison: 0.1, duplicates: 0.2, ..Shape::default() };
        let poison = told(&shape, 1, 2_000).iter().filter(|event| event.poison).count();
        assert!((160..240).contains(&poison), "{poison}");
        let mut shaper = Shaper::new(&shape, 1, 0);
        let again = (0..2_000).filter(|_| shaper.repeats()).count();
        assert!((340..460).contains(&again), "{again}");
    }
}
