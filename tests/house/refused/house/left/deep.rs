use super::{Left as Parent};

pub struct Deep(pub Parent);
