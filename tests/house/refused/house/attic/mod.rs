use crate::left::Left;
