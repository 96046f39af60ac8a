//! Resource and identity policies (IAM JSON).
#[derive(Debug)]
pub struct Policy;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
}
#[derive(Debug, Clone, Copy)]
pub enum Principal<'a> {
    Service(&'a str),
    Account(&'a str),
    Role(&'a str),
}
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub principal: Principal<'a>,
    pub action: &'a str,
    pub resource: &'a str,
    pub context: &'a [(&'a str, &'a str)],
}
impl Policy {
    pub fn parse(_: &str) -> Result<Self, String> {
        Err(String::new())
    }
    pub fn decide(&self, _: &Request<'_>) -> Decision {
        Decision::Allow
    }
    pub fn decide_trust(&self, _: &Request<'_>) -> Decision {
        Decision::Allow
    }
    pub fn decide_identity(&self, _: &Request<'_>) -> Decision {
        Decision::Allow
    }
}
