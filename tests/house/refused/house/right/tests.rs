use crate::Root; // as a user would
