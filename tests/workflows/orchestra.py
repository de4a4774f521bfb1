"""An orchestra that nobody has seen: ladder, way through it, rules and modes, written down here and nowhere else."""

FILES = {
    "community.yaml": """
schema: community/v1
id: orchestra
title: { en: Orchestra, zh: 乐团 }
zone: America/Argentina/Buenos_Aires
calendar: evenings
currency: ARS
limits: { runs_per_member: 4, notices_per_day: 9 }
roles:
  - { id: conductor, title: { en: Conductor, zh: 指挥 } }
  - { id: coach, title: { en: Coach, zh: 声部教练 }, capacity: 3, backup: conductor }
lists:
  - id: sections
    title: { en: Sections, zh: 声部 }
    items: [{ id: strings, title: { en: Strings, zh: 弦乐 } }, { id: winds, title: { en: Winds, zh: 管乐 } }]
attributes:
  - { id: section, title: { en: Section, zh: 声部 }, type: text, one_of: sections }
spaces:
  - { id: hall, title: { en: Hall, zh: 音乐厅 } }
titles:
  - { id: soloist, title: { en: Soloist, zh: 独奏 } }
  - { id: honorary-player, title: { en: Honorary player, zh: 荣誉乐手 } }
messages:
  - { id: join-us, title: { en: Join us, zh: 加入我们 }, text: { en: "{member}, play with us?",
      zh: "{member}，来一起演奏吗？" } }
""",
    "calendars/evenings.yaml": """
schema: calendar/v1
id: evenings
title: { en: Evenings, zh: 晚间 }
work_days: [mon, wed, fri, sat, sun]
hours: "18:00-23:00"
valid_through: "2030-12-31"
""",
    "resources.yaml": """
schema: resources/v1
resources:
  - { kind: stock, id: rosin, title: { en: Rosin, zh: 松香 }, unit: piece, reorder_at: 1, keeper: role:conductor }
  - { kind: budget, id: strings-fund, title: { en: Strings, zh: 琴弦基金 }, amount: "900.00 ARS",
      per: year, holder: role:conductor }
""",
    "metrics.yaml": """
schema: metrics/v1
title: { en: What players do, zh: 乐手做了什么 }
facts:
  - { id: rehearsed, title: { en: Rehearsed, zh: 排练 }, fields: [{ id: minutes, type: integer, min: 1, max: 300 }] }
  - { id: solo, title: { en: Solo, zh: 独奏 }, about: work, fields: [{ id: piece, type: text },
      { id: bars, type: integer, min: 8 }] }
  - { id: heard, title: { en: What was heard, zh: 听后 }, about: work, fields: [{ id: reason, type: text }] }
  - { id: plan, title: { en: What to play, zh: 选曲 }, fields: [{ id: piece, type: text }] }
  - { id: practice, title: { en: Practice, zh: 练习 }, fields: [{ id: passed, type: boolean }] }
  - { id: played_solo, title: { en: Played a solo, zh: 完成独奏 } }
  - { id: puts_down, title: { en: Puts the instrument down, zh: 放下乐器 }, fields: [{ id: reason,
      type: text, optional: true }] }
metrics:
  - { id: rehearsals, title: { en: Rehearsals, zh: 排练次数 }, type: integer, min: 0, from: [rehearsed], take: count }
  - { id: hours_rehearsed, title: { en: Minutes, zh: 排练分钟 }, type: integer, min: 0,
      from: [rehearsed], take: sum, field: minutes }
  - { id: solos, title: { en: Solos, zh: 独奏次数 }, type: integer, min: 0, from: [played_solo], take: count }
  - { id: farewells, title: { en: Farewells, zh: 告别 }, type: integer, min: 0, from: [puts_down], take: count }
""",
    "tiers.yaml": """
schema: tiers/v1
title: { en: Desks, zh: 席位 }
review: { every: week, day: mon, at: "06:00" }
exempt: { stage: { is: honorary } }
tiers:
  - { id: guest, title: { en: Guest, zh: 客席 } }
  - id: player
    title: { en: Player, zh: 乐手 }
    earn: { all: [{ rehearsals: { at_least: 4, over: 30d } }, { stage: { one_of: [playing, leading] } }] }
    keep: { rehearsals: { at_least: 1, over: 60d } }
    grace: 14d
  - id: principal
    title: { en: Principal, zh: 首席 }
    earn: { all: [{ solos: { at_least: 1, over: 365d } }, { hours_rehearsed: { at_least: 300, over: 365d } }] }
    keep: { rehearsals: { at_least: 1, over: 60d } }
    grace: 14d
    approval: { by: role:conductor, within: 20d, if_silent: refuse }
    seats: 2
    order: [{ highest: hours_rehearsed, over: 365d }]
""",
    "lifecycle.yaml": """
schema: lifecycle/v1
title: { en: From the audience to the stage, zh: 从听众到舞台 }
review: { every: day, at: "05:00" }
stages:
  - { id: curious, title: { en: Curious, zh: 好奇 } }
  - { id: playing, title: { en: Playing, zh: 演奏 } }
  - { id: leading, title: { en: Leading, zh: 领奏 } }
  - id: honorary
    title: { en: Honorary, zh: 荣誉 }
    then: [{ award: { to: subject, give: [{ title: honorary-player }] } }]
transitions:
  - { id: drops-in, from: [none], to: curious, when: { rehearsals: { at_least: 1 } } }
  - id: joins
    from: [curious]
    to: playing
    when: { rehearsals: { at_least: 4, over: 30d } }
    invitation: { message: join-us, from: role:conductor, within: 30d, if_silent: lapse, again_after: 90d }
    then: [{ start: { task: first-solo } }]
  - { id: leads, from: [playing], to: leading, when: { all: [{ titles: { contains: soloist } },
      { days_in_stage: { at_least: 30 } }] } }
  - { id: puts-down, from: [playing, leading], to: honorary, when: { farewells: { at_least: 1, over: in_stage } } }
""",
    "rules.yaml": """
schema: rules/v1
title: { en: What follows, zh: 后续 }
review: { every: day, at: "06:30" }
rules:
  - id: fills-the-hall
    title: { en: Fills the hall, zh: 座无虚席 }
    when: { solos: { at_least: 1, over: 90d } }
    then: [{ open: { by: role:conductor, title: { en: Print a poster, zh: 制作海报 }, within: 3bd, about: subject } }]
    once_per: 90d
""",
    "modes/solo.yaml": """
schema: mode/v1
id: solo
title: { en: A solo of one's own, zh: 一段独奏 }
for: member
owner: subject.tutor
while: { stage: { one_of: [playing, leading] } }
phases:
  - { id: coach, kind: do, effects: [{ assign: { as: tutor, from: role:coach } }] }
  - { id: chosen, kind: ask, by: subject.tutor, form: plan, within: 60d, if_silent: silent,
      go: { silent: end:stalled } }
  - id: practising
    kind: repeat
    every: 2d
    times: 2
    phases:
      - { id: scales, kind: ask, by: subject, form: practice, within: 60d, if_silent: silent, go: { silent: leave } }
  - { id: on-stage, kind: submit, by: subject, form: solo, within: 60d, go: { short: end:stage-fright } }
  - id: listened
    kind: review
    of: on-stage.works
    by: role:conductor
    form: heard
    within: 60d
    if_silent: refuse
    redo: { within: 60d, at_most: 1 }
    credit: 4
    go: { short: end:not-yet }
  - id: applause
    kind: do
    effects:
      - publish: { what: listened.approved, in: space:hall, credits: run.ledger }
      - record: { fact: played_solo, about: listened.authors }
      - award: { to: listened.authors, give: [{ points: 30 }, { title: soloist }, { gift: rosin }] }
""",
    "modes/duel.yaml": """
schema: mode/v1
id: duel
title: { en: Duel of the sections, zh: 声部对决 }
owner: role:conductor
parameters:
  - { id: who, type: who, default: everyone }
  - { id: pot, type: integer, default: 100 }
phases:
  - { id: call, kind: do, effects: [{ publish: { what: run.brief, in: space:hall } }] }
  - { id: stands, kind: enrol, who: $who, needs: 4, limit: 12, within: 5d, go: { short: cancel } }
  - id: pairs
    kind: form_teams
    from: stands.members
    slots: [{ id: first, title: { en: First, zh: 一号 } }, { id: second, title: { en: Second, zh: 二号 } }]
    needs: 2
    traits: { section: mixed }
    fill: solve
    within: 5d
    go: { short: cancel }
  - id: evening
    kind: parallel
    ends_with: stage
    branches:
      - id: stage
        phases:
          - { id: duets, kind: submit, by: pairs.members, per: team, form: solo, within: 10d, go: { short: leave } }
      - id: bar
        phases:
          - id: nightly
            kind: repeat
            every: 1d
            times: 20
            phases:
              - { id: toast, kind: ask, by: role:coach, choices: [cheers, hush], within: 12h,
                  if_silent: hush, go: { hush: next } }
  - id: ears
    kind: review
    of: duets.works
    by: role:conductor
    form: heard
    within: 5d
    if_silent: approve
    credit: 6
    go: { short: cancel }
  - id: verdict
    kind: judge
    of: ears.approved
    by: role:coach
    needs: 1
    rubric: [{ id: fire, title: { en: Fire, zh: 激情 }, weight: 100, scale: [1, 5] }]
    ties: [{ draw: true }]
    winners: 1
    within: 5d
    if_silent: done
    go: { short: next }
  - id: purse
    kind: do
    effects:
      - award: { to: run.contributors, give: [{ points: $pot, split: credit }] }
""",
    "tasks/first-solo.yaml": """
schema: task/v1
id: first-solo
title: { en: The first solo, zh: 第一段独奏 }
mode: solo
""",
    "tasks/winter-duel.yaml": """
schema: task/v1
id: winter-duel
title: { en: Winter duel, zh: 冬季对决 }
mode: duel
brief: { aim: { en: Two sections one stage, zh: 两个声部，一个舞台 }, must_say: [{ en: Play it by heart,
    zh: 背谱演奏 }], free: { en: Any piece, zh: 曲目自选 } }
""",
}
