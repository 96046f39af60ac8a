//! The flags that shape a story's traffic: how large events are, of whom, and what is wrong with some of them on purpose.

use std::sync::Arc;

use super::value;
use crate::event::envelope::{Attribute, Member};
use crate::event::mix::Mix;
use crate::exit::Failure;
use crate::traffic::shape::{self, Given, Names, Shape, Size};

/// What the story's events are like. The same --seed gives the same.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Traffic")]
pub(crate) struct ShapeArgs {
    /// How large an event's body is: 4KiB, 500B..64KiB (each size as often), or lognormal(2KiB,2), of which half are below
    /// 2 KiB and two thirds within a half and twice of it. A filler in the event's data makes it so.
    #[arg(long, value_name = "SIZE", value_parser = Size::parse)]
    pub size: Option<Size>,
    /// How often each kind happens, like consumer=1,order=5,payment=4 [default: 30, 37, 33].
    #[arg(long, value_name = "SHARES", value_parser = Mix::parse)]
    pub mix: Option<Mix>,
    /// Whose the events are: 10, or a=1,b=1,noisy=8, or 10,noisy=40, with weights. An attribute `tenant`, and on topics that
    /// aren't FIFO the message group, by which queues are fair.
    #[arg(long, value_name = "TENANTS", value_parser = tenants)]
    pub tenants: Option<Arc<Names>>,
    /// The message groups of a FIFO topic, instead of the consumers: 100, or 100,zipf(1.1) of which few have most.
    #[arg(long, value_name = "GROUPS", value_parser = groups)]
    pub groups: Option<Arc<Names>>,
    /// The share of events that are the one before again, with the same id: 1%. The ledger doesn't blame the cloud for them.
    #[arg(long, value_name = "SHARE", default_value = "0", hide_default_value = true, value_parser = value::share)]
    pub duplicates: f64,
    /// The share of events that no consumer can handle: 0.1%. They fail, and end in the dead-letter queue.
    #[arg(long, value_name = "SHARE", default_value = "0", hide_default_value = true, value_parser = value::share)]
    pub poison: f64,
    /// A message attribute of every event, like kind=order or amount:Number=7, or one that is drawn for each, by weights if there are any:
    /// status=paid=8|refunded. An empty value is that it isn't there: vip=yes|. May be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = shape::attribute)]
    pub attribute: Vec<Arc<Given<Attribute>>>,
    /// A member of every event's body, which filter policies on bodies see, like store=web|shop, detail.amount:Number=7 or
    /// tags:JSON=["a"]; drawn as attributes are. May be repeated.
    #[arg(long, value_name = "PATH=VALUE", value_parser = shape::field)]
    pub field: Vec<Arc<Given<Member>>>,
}

fn tenants(text: &str) -> Result<Arc<Names>, String> {
    Names::parse(text, "tenant")
}

fn groups(text: &str) -> Result<Arc<Names>, String> {
    Names::parse(text, "group")
}

impl ShapeArgs {
    /// What they ask for, of a topic that can have it.
    pub(super) fn shape(&self, topic_arn: &str) -> Result<Shape, Failure> {
        if self.groups.is_some() && !topic_arn.ends_with(".fifo") {
            return Err(Failure::usage("--groups is for FIFO topics")
                .why(format!("{topic_arn} is none"))
                .help("On other topics --tenants makes message groups, by which queues are fair."));
        }
        if let Some(why) = shape::clash(&self.attribute, &self.field) {
            return Err(Failure::usage(why).help("Each stands for one value of an event, which may be drawn: a=1|2."));
        }
        let Self { size, mix, tenants, groups, duplicates, poison, attribute, field } = self.clone();
        Ok(Shape { size, mix, tenants, groups, duplicates, poison, attributes: attribute, fields: field })
    }
}
