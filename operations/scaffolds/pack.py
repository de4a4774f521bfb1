"""What a new rule pack begins with: two needs, a chain of two conclusions, a rule, cases and a page."""

FILES = {
    "__init__.py": '''\
"""{Title}: say in one line what this pack is good for."""
''',
    "pack.yaml": """\
schema: pack/v1
id: {name}
title: {{ en: {Title}, zh: {Title} }}
note:
  en: What the pack looks at, and what it leaves out on purpose.
  zh: 看什么，刻意不看什么。

needs:                                      # metrics of the community, by name
  - id: good_things
    title: {{ en: Good things done, zh: 做成的好事 }}
    type: integer
    note: {{ en: "What counts, and what does not.", zh: 什么算，什么不算。 }}
  - {{ id: bad_things, title: {{ en: Bad things done, zh: 出过的问题 }}, type: integer }}

metrics:                                    # what is concluded; later ones may ask earlier ones
  - id: does_well
    title: {{ en: Does well, zh: 做得好 }}
    when: {{ good_things: {{ at_least: 3, over: 90d }} }}
  - id: does_well_and_no_harm
    title: {{ en: Does well and no harm, zh: 做得好且无过失 }}
    when:
      all:
        - does_well: {{ is: true }}
        - bad_things: {{ is: 0, over: 180d }}
""",
    "metrics.yaml": """\
schema: metrics/v1
title: {{ en: What {name} reads and concludes, zh: {Title} 的事实与指标 }}

facts:                                      # communities put their own in their place
  - {{ id: {name}_good, title: {{ en: A good thing, zh: 一件好事 }} }}
  - {{ id: {name}_bad,  title: {{ en: A bad thing, zh: 一次过失 }} }}
  - {{ id: {name}_sign, title: {{ en: Noticed, zh: 已留意 }} }}

metrics:
  # ------------------------------------------------------------------------------------------------ read by the pack
  - id: good_things
    title: {{ en: Good things, zh: 好事 }}
    type: integer
    min: 0
    from: [{name}_good]
    take: count
    ignore: [self]
  - id: bad_things
    title: {{ en: Bad things, zh: 过失 }}
    type: integer
    min: 0
    from: [{name}_bad]
    take: count

  # ------------------------------------------------------------------------------------------- taken over from the pack
  - id: {name}_fit
    title: {{ en: {Title}, zh: {Title} }}
    type: boolean
    pack: {name}/does_well_and_no_harm
""",
    "rules.yaml": """\
schema: rules/v1
title: {{ en: What follows, zh: 之后做什么 }}
review: {{ every: day, at: "06:30" }}
rules:
  - id: {name}-noticed
    title: {{ en: Somebody does well, zh: 有人做得好 }}
    when: {{ {name}_fit: {{ is: true }} }}
    then:
      - record: {{ fact: {name}_sign }}
    once_per: 1y
""",
    "cases.yaml": """\
schema: pack-cases/v1
cases:
  - name: three good things and nothing bad
    metrics: {{ good_things: {{ 90d: 3 }}, bad_things: {{ 180d: 0 }} }}
    expect: {{ does_well: true, does_well_and_no_harm: true }}
  - name: two are not enough
    metrics: {{ good_things: {{ 90d: 2 }}, bad_things: {{ 180d: 0 }} }}
    expect: {{ does_well: false, does_well_and_no_harm: false }}
  - name: one bad thing weighs more than three good ones
    metrics: {{ good_things: {{ 90d: 3 }}, bad_things: {{ 180d: 1 }} }}
    expect: {{ does_well: true, does_well_and_no_harm: false }}
  - name: what nobody looked at is not known
    metrics: {{ good_things: {{ 90d: 3 }} }}
    expect: {{ does_well: true, does_well_and_no_harm: unknown }}
""",
    "README.md": """\
# {Title}

**What it is for.** Say it to somebody in operations, in three sentences.

## What it concludes

| conclusion | true when |
|---|---|
| `does_well` | three good things in a quarter |
| `does_well_and_no_harm` | `does_well`, and nothing bad for half a year |

## What it reads of your community

Metrics of members, under these names: `good_things`, `bad_things`.
[`metrics.yaml`](metrics.yaml) has one way to count each.

## How to use it

```yaml
- {{ id: fit, title: {{ en: {Title}, zh: {Title} }}, type: boolean, pack: {name}/does_well_and_no_harm }}
```

[`rules.yaml`](rules.yaml) has a rule to begin with, [`cases.yaml`](cases.yaml) the cases.
A conclusion never changes its meaning once published: a better one gets a new name.
""",
}
