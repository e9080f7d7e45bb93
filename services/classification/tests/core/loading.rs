use redress_classification::domain::published;
use redress_classification::domain::rules::RuleSet;
use redress_classification::domain::rules::examples::{Example, compare};
use redress_classification::domain::rules::problem::{Problems, SourceFile};

fn with(path: &str, content: &str) -> Vec<SourceFile> {
    let mut files = published::files();
    files.retain(|file| file.path != path);
    files.push(SourceFile { path: path.to_owned(), content: content.to_owned() });
    files
}

fn refused(files: &[SourceFile]) -> Problems {
    match RuleSet::load(files) {
        Ok(_) => panic!("the rule set is to be refused"),
        Err(problems) => problems,
    }
}

fn told(problems: &Problems, line: u64, reason: &str) -> bool {
    problems.iter().any(|problem| problem.line == line && problem.reason.contains(reason))
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_line() {
    let problems = refused(&with(
        "rules/new.yaml",
        "# comment\n\
         - {id: n-1, all: [refund], then: {sub: dispatch_delay}, weight: 3}\n\
         - {id: n-2, all: [no_such_concept], then: {sub: dispatch_delay}}\n\
         - id: n-3\n  all: [refund]\n  none: [refund]\n  then: {sub: no_such_sub}\n\
         - {id: n-4, all: [\"refund@shouted\"], then: {sub: dispatch_delay}, score: 0}\n\
         - {id: n-5, then: major}\n\
         - {id: n-6, all: [refund], when: {category: [CQ01]}, then: {sub: dispatch_delay}}\n\
         - {id: n-7, all: [refund], when: {channel: []}, then: {sub: dispatch_delay}}\n",
    ));
    assert!(told(&problems, 2, "weight"), "{problems}");
    assert!(told(&problems, 3, "no_such_concept"), "{problems}");
    assert!(told(&problems, 4, "both asked for and excluded"), "{problems}");
    assert!(told(&problems, 4, "no_such_sub"), "{problems}");
    assert!(told(&problems, 8, "shouted"), "{problems}");
    assert!(told(&problems, 8, "score"), "{problems}");
    assert!(told(&problems, 9, "no condition"), "{problems}");
    assert!(told(&problems, 10, "wait for the decision"), "{problems}");
    assert!(told(&problems, 11, "empty list"), "{problems}");
    assert!(problems.iter().all(|problem| problem.file == "rules/new.yaml"), "{problems}");
}

#[test]
fn a_condition_that_can_never_hold_is_refused_however_it_is_written() {
    let problems = refused(&with(
        "rules/new.yaml",
        "# what is asked for and excluded\n\
         - {id: n-1, all: [\"refund@asserted\"], none: [refund], then: {sub: dispatch_delay}}\n\
         - {id: n-2, all: [\"refund@negated\"], none: [\"exchange|refund@any\"], then: {sub: dispatch_delay}}\n\
         - {id: n-3, all: [refund|exchange], none: [exchange, refund], then: {sub: dispatch_delay}}\n\
         - {id: n-4, near: {of: [refund, refused], within: 9}, none: [refused], then: {sub: dispatch_delay}}\n\
         - {id: n-5, near: {of: [refund|exchange, refused], within: 9}, none: [refund|exchange], then: {sub: dispatch_delay}}\n\
         # and what only looks like it\n\
         - {id: w-1, all: [refund|exchange], none: [refund], then: {sub: dispatch_delay}}\n\
         - {id: w-2, all: [refund], none: [\"refund@negated\"], then: {sub: dispatch_delay}}\n\
         - {id: w-3, all: [\"refund@any\"], none: [refund], then: {sub: dispatch_delay}}\n\
         - {id: w-4, near: {of: [refund|exchange, refused], within: 9}, none: [refund], then: {sub: dispatch_delay}}\n",
    ));
    for (line, condition) in [
        (2, "`refund@asserted`"),
        (3, "`refund@negated`"),
        (4, "`refund|exchange`"),
        (5, "`refused`"),
        (6, "`refund|exchange`"),
    ] {
        assert!(told(&problems, line, &format!("{condition} is both asked for and excluded")), "{problems}");
    }
    assert_eq!(problems.iter().count(), 5, "{problems}");
}

#[test]
fn a_threshold_that_no_number_or_every_number_keeps_is_refused() {
    let mut table = published::files().into_iter().find(|file| file.path == "rules/thresholds.yaml").unwrap();
    let first = u64::try_from(table.content.lines().count()).unwrap() + 1;
    table.content.push_str(
        "- {feature: q.new, measure: days, at_least: 9, below: 9}\n\
         - {feature: q.new, measure: days, at_least: 10, below: 9}\n\
         - {feature: q.new, measure: days}\n\
         - {feature: q.new, measure: days, below: 0}\n\
         - {feature: q.new, measure: days, at_least: .nan}\n\
         - {feature: q.new, measure: days, at_least: 8, below: 9}\n",
    );
    let problems = refused(&with(&table.path, &table.content));
    for (place, reason) in [
        (0, "at least 9 and below 9"),
        (1, "at least 10 and below 9"),
        (2, "no bound"),
        (3, "below 0"),
        (4, "no number"),
    ] {
        assert!(told(&problems, first + place, reason), "{problems}");
    }
    assert_eq!(problems.iter().count(), 5, "{problems}");
}

#[test]
fn rules_that_wait_for_each_other_are_refused() {
    let problems = refused(&with(
        "rules/new.yaml",
        "- {id: n-1, all: [x.a], then: {feature: x.b}}\n- {id: n-2, all: [x.b], then: {feature: x.a}}\n",
    ));
    assert!(told(&problems, 1, "cycle") && told(&problems, 2, "cycle"), "{problems}");
}

#[test]
fn a_language_without_lexicon_is_refused() {
    let files: Vec<SourceFile> =
        published::files().into_iter().filter(|file| !file.path.starts_with("lexicon/zh-hant/")).collect();
    let problems = refused(&files);
    assert!(
        problems.iter().any(|p| p.file == "lexicon/zh-hant" && p.reason.contains("no lexicon")),
        "{problems}"
    );
}

#[test]
fn a_concept_that_one_language_lacks_is_refused() {
    let problems = refused(&with("lexicon/en/new.yaml", "new.concept: [something]\n"));
    assert!(
        problems.iter().any(|p| p.file == "lexicon/zh-hans" && p.reason.contains("new.concept")),
        "{problems}"
    );
}

#[test]
fn a_table_of_weights_is_refused_line_by_line() {
    let problems = refused(&with(
        "words/subcategories.txt",
        "labels\tdispatch_delay no_such_sub\nbias\t0.1 0.2\n发货\t0:1.2 7:1.0\n货\t0:much\n没\t0:1.0\n没\t0:2.0\n",
    ));
    assert!(problems.iter().any(|p| p.reason.contains("no_such_sub")), "{problems}");
    assert!(told(&problems, 3, "no label at place 7"), "{problems}");
    assert!(told(&problems, 4, "`much` is no weight"), "{problems}");
    assert!(told(&problems, 6, "twice"), "{problems}");
}

#[test]
fn a_table_of_weights_for_parties_names_parties_only() {
    let problems = refused(&with("words/parties.txt", "labels\tnone anchor neighbour\nbias\t0.1 0.2 0.3\n"));
    assert_eq!(problems.iter().count(), 1, "{problems}");
    assert!(problems.iter().all(|p| p.reason.contains("neighbour")), "{problems}");
}

#[test]
fn a_rule_set_without_weights_decides_by_its_rules() {
    let files: Vec<SourceFile> =
        published::files().into_iter().filter(|file| !file.path.starts_with("words/")).collect();
    let rules = RuleSet::load(&files).unwrap();
    let example = "- {text: 一直没发货, is: {category: CQ02}}";
    let file = SourceFile { path: "examples.yaml".to_owned(), content: example.to_owned() };
    let examples = Example::read(&file).unwrap();
    let assessment = rules.assess(&examples[0].case());
    assert_eq!(assessment.category, redress_domain::Category::Cq02);
    assert!(assessment.reasons.iter().all(|reason| reason.rule_id != "words"));
}

#[test]
fn the_version_follows_the_words_and_not_the_order_of_the_files() {
    let mut turned = published::files();
    turned.reverse();
    let version = |files: &[SourceFile]| RuleSet::load(files).unwrap().version().to_owned();
    assert_eq!(version(&published::files()), version(&turned));
    turned[0].content.push_str("# a remark\n");
    assert_ne!(version(&published::files()), version(&turned));
}

#[test]
fn two_rule_sets_are_told_apart_by_the_examples_they_assess_differently() {
    let text = "- {text: 一直没发货, given: {order: true}, is: {category: CQ02}}\n\
                - {text: 退款一直没到账, given: {order: true}, is: {category: CQ04}}\n";
    let file = SourceFile { path: "examples.yaml".to_owned(), content: text.to_owned() };
    let examples = Example::read(&file).unwrap();
    let running = published::rule_set().unwrap();
    assert!(compare(&running, &published::rule_set().unwrap(), &examples).is_empty());
    let new = "- {id: n-1, all: [ship_stuck], then: {sub: order_anomaly}, score: 50}\n";
    let new = RuleSet::load(&with("rules/new.yaml", new)).unwrap();
    let changes = compare(&running, &new, &examples);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].text, "一直没发货");
    assert!(changes[0].assessment.reasons.iter().any(|reason| reason.rule_id == "n-1"));
}
