//! The messages of the macros, one for each mistake: a line that says what is wrong, and a line of help.

use crate::errors::texts;

// Of `#[scoped_resource]`.
texts! {
    resource_and_lifespan() "a type is either a `#[scoped_resource]` or a `#[lifespan]`"
        help "remove `#[scoped_resource]`: a lifespan is a scoped resource already";
    resource_twice() "`#[scoped_resource]` given twice" help "remove one, and put all options into the other";
    resource_misplaced(what, way_out)
        "`#[scoped_resource]` belongs on an inherent `impl` block or a struct, not on {what}" help "{way_out}";
    resource_borrows(ty) "`{ty}` borrows, so only its own task can exit it"
        help "declare it: `#[scoped_resource(local)]`";
    enter_on_impl() "option `enter` belongs on a struct" help "mark the function with `#[enter]`";
    exit_on_impl() "option `exit` belongs on a struct" help "mark the method with `#[exit]`";
    enter_not_marked(name) "`{name}` makes the resource, and no function is marked with `#[enter]`"
        help "mark it: `#[enter]`";
    exit_missing(ty) "no `#[exit]` for `{ty}`" help "mark the `async fn` that ends it with `#[exit]`";
    struct_without_both(name) "no `enter` and no `exit` for `{name}`"
        help "name both functions: `#[scoped_resource(enter = open(url: String), exit = shut_down)]`, \
              or move the attribute to the `impl` block that has them";
    struct_without_enter(name) "no `enter` for `{name}`"
        help "name the function that makes it: `enter = open(url: String)`";
    struct_without_exit(name) "no `exit` for `{name}`"
        help "name the async function that ends it: `exit = shut_down`";
    call_with_self() "an enter makes the resource, so it takes no `self`";
    call_of_exit() "an exit is called with the resource and, if it asks for it, `exit`";
    call_of_no_path() "expected the path of a function";
    marker_misplaced(marker) "`{marker}` belongs on an `async fn` with a body";
    marker_unknown(path, help, name) "unknown attribute `#[{path}]`" help "{help} `#[{name}]`";
    marker_with_arguments(name, way_out) "`#[{name}]` takes no arguments" help "write `#[{name}]`{way_out}";
    marker_twice(name) "`#[{name}]` given twice";
    enter_and_exit() "a method is either `#[enter]` or `#[exit]`"
        note "one makes the resource, the other consumes it";
    method_not_async(marker) "`#[{marker}]` must be an `async fn`" help "add `async` before `fn`";
    method_unsafe(marker) "`#[{marker}]` cannot be `unsafe`" note "the scope calls it, and can promise nothing";
    enter_with_self() "`#[enter]` makes the resource, so it takes no `self`"
        help "take what it is made of as an argument";
    enter_without_type() "`#[enter]` must return `Self` or `Result<Self, _>`"
        help "add `-> Self` or `-> Result<Self, _>`";
    exit_without_self() "`#[exit]` must take `self`" note "the resource ends here, so exit consumes it";
    exit_with_more() "`#[exit]` takes `self` and `&Exit`, nothing else"
        help "keep what the exit needs in the resource";
    exit_generic() "`#[exit]` cannot have parameters of its own" note "the scope calls it, and cannot choose them";
}

// Of options and inputs.
texts! {
    option_nearest(near) "an option with a similar name exists: `{near}`";
    options_known(known) "the options are `{known}`";
    option_expected(help) "expected the name of an option" help "{help}";
    option_unknown(key, help) "unknown option `{key}`" help "{help}";
    option_twice(key) "option `{key}` given twice";
    option_takes_no_value(key) "option `{key}` takes no value" help "write `{key}`";
    option_needs_a_value(key, example) "option `{key}` needs a value" help "write `{example}`";
    option_not_read(message, example) "{message}" help "write `{example}`";
    not_a_duration(text) "`{text}` is not a duration"
        help "write a whole number and a unit (`ns`, `us`, `ms`, `s`, `m`, `h`), as in `\"5s\"`, or `\"none\"` for no bound";
    too_long(text) "`{text}` is too long for a duration" help "write `\"none\"` for no bound";
    budget_of_zero() "a budget of zero would run out at once" help "give it the time it needs, or `\"none\"` for no bound";
    input_mutable() "an input is a name and a type"
        help "`mut` belongs to the closure that changes it: `move |mut name| ..`";
    input_twice(name) "input `{name}` given twice";
    input_with_equals(name, ty) "input `{name}` has `=` where its type begins"
        help "inputs are written like parameters: `{name}: {ty}`";
    input_without_a_name(name, ty) "input `{ty}` has no name" help "inputs are written like parameters: `{name}: {ty}`";
    input_without_a_type(name) "input `{name}` has no type" help "inputs are written like parameters: `{name}: Config`";
}

// Of `#[lifespan]`.
texts! {
    lifespan_misplaced() "`#[lifespan]` goes on a struct with named fields"
        help "its fields are the members; for one resource there is `#[scoped_resource]`";
    needs_compose() "`#[lifespan]` needs the feature `compose` of `lifespan`"
        help "it is on by default: `lifespan = {{ version = \"..\", default-features = false, features = [\"compose\"] }}`";
    lifespan_without_fields(what, name) "`#[lifespan]` goes on a struct with named fields, not on {what}"
        help "its fields are the members; write `struct {name} {{ .. }}`";
    lifespan_twice() "`#[lifespan]` given twice";
    lifespan_borrows(name) "`{name}` borrows, so it has to stay in its task" help "say so: `#[lifespan(local, ..)]`";
    member_without_enter(name, enter, value) "member `{name}` has no `#[enter(..)]`"
        help "say how it begins, `#[enter({enter})]`; compute it, `#[value({value})]`; \
              or keep an input of this name, `#[keep]`";
    member_of_two_roles(name, first, second) "member `{name}` has both `#[{first}]` and `#[{second}]`";
    member_not_entered(name, why) "member `{name}` is not entered, so it {why}";
    value_with_options(name) "member `{name}` is computed at once, and has no options"
        help "one that is awaited has: `#[value(async |..| .., timeout = ..)]`";
    enter_fails() "the expression only describes what to await: do what can fail in the function that it calls";
    enter_fails_beside() "write `async |..| ..`: an `async` closure may return a `Result`";
    exit_empty() "`#[exit]` says nothing"
        help "say how the member ends, `#[exit(async |it, exit| it.close().await)]`, or how long that may take, \
              `#[exit(timeout = \"5s\")]`";
    exit_no_closure(member) "`#[exit]` needs a closure that takes the member" help "write `#[exit(async |{member}| ..)]`";
    exit_not_async(params) "the exit of this member is not `async`" help "write `async |{params}| ..`";
    exit_of_other_parameters() "an exit gets the member, and an `Exit` that tells why"
        help "write `async |it| ..`, or `async |it, exit| ..`";
    optional_with_arguments() "`#[optional]` takes nothing";
    when_wanted() "`when` needs a closure whose parameters are what it depends on"
        help "write `when = |config| config.metrics`";
    budget_of_a_name(name) "a budget is known before `{name}` is"
        help "give it a constant, `timeout = PATIENCE`, or let what is entered say it: `Db::open(..).enter_timeout({name}..)`";
    optional_no_option(what, ty) "{what} is an `Option`, not `{ty}`"
        help "write `Option<{ty}>`: it is `None` when the member did not enter";
    option_without_optional() "an `Option` has no exit"
        help "write `#[optional]` beside the `#[enter]` if the member may fail to enter: it is `None` then";
    option_unnamed(value) "an option has a name" help "write `timeout = {value}`";
    option_without_a_comma(marker, option) "expected `,` before `{option}`"
        help "options stand behind the expression: `#[{marker}(.., {option} = ..)]`";
    expression_ends(marker, next) "the expression of `#[{marker}]` ends before `{next}`"
        help "a comma or an operator may be missing";
    closure_wanted(marker, example) "`#[{marker}]` needs a closure whose parameters are what it is made from"
        help "write `#[{marker}({example})]`";
    closure_not_closed() "the bars of the closure are not closed";
    closure_without_body() "the closure has no body";
    closure_of_no_name() "a parameter is the name of a member or an input";
    closure_awaits(marker) "`.await` in an expression of `#[{marker}]`"
        help "leave it out: the expression describes what to await, and the lifespan awaits it when it is time";
    closure_tries(marker, way_out) "`?` in an expression of `#[{marker}]`" help "{way_out}";
    unnamed(what, name, way_out) "{what} `{name}` is used, and not named between the bars" help "{way_out}";
    unnamed_between(names) "name it: `|{names}|`";
    unnamed_but_for_the_order(name, param) "write `{name}` in place of `{param}`";
    unnamed_alone(name) "; an item of that name is `self::{name}`";
    parameter_twice(name) "`{name}` is asked for twice";
    dependency_missing(name, way_out) "no member or input named `{name}`" help "{way_out}";
    dependency_near(what, near) "{what} with a similar name exists: `{near}`";
    dependency_to_add(name) "add it as an input, `#[lifespan({name}: ..)]`";
    dependency_none_near(known, name) "there are `{known}`; an input is added with `#[lifespan({name}: ..)]`";
    keep_without_an_input(name) "`#[keep]` keeps an input, and none is named `{name}`"
        help "add it, `#[lifespan({name}: ..)]`, or say how it begins, `#[enter(..)]`";
    member_named_like_an_input(name) "member `{name}` has the name of an input"
        help "rename one of them, or keep the input in this field: `#[keep] {name}`";
    input_not_used(name) "input `{name}` is not used"
        help "remove it, name it in an `#[enter(|{name}| ..)]`, or keep it for the body in a field: `#[keep] {name}: ..`";
    input_moved_twice(name) "input `{name}` is moved twice"
        help "a `move` closure takes its inputs by value; leave the `move` out to borrow them (what is `Copy` is then `*{name}`)";
    input_moved_and_lent(name) "input `{name}` is moved here, and needed elsewhere as well"
        help "a `move` closure takes its inputs by value; leave the `move` out to borrow them (what is `Copy` is then `*{name}`)";
    input_needed_here(name) "input `{name}` is needed here";
    cycle(drawn) "dependency cycle: {drawn}"
        help "each waits for the next until it is entered, so none can be first; leave one of the names out";
    cycle_step(name, needed) "{name} waits for `{needed}` here";
}
