@testable import Fleet

/// Files for single rules, of LTSP 4 and 5, with what getltscfg and a shell make of them.
extension LTSPSample {
    static let ltsRules: [LTSPSample] = [
        LTSPSample(
            name: "patterns",
            text: #"""
                [default]
                ROOM = none
                [hall-1?]
                ROOM = hall
                SEAT = one
                [hall-*]
                ROOM = never
                [02:5B:*]
                SEAT = card
                CARD = lot
                [*]
                ROOM = every
                ANY = yes

                """#,
            common: ["ROOM": "hall", "SEAT": "one", "CARD": "lot", "ANY": "yes"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: ["ROOM": "every"], without: ["SEAT", "CARD"]),
            ]),
        LTSPSample(
            name: "twice",
            text: #"""
                [default]
                A = 1
                [counter]
                B = first
                [COUNTER]
                B = second
                C = never
                [Default]
                A = 2

                """#,
            common: ["A": "1"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: ["B": "first"]),
            ]),
        LTSPSample(
            name: "two-groups",
            text: #"""
                [default]
                X = d
                [hall-10]
                LIKE = left
                LIKE = right
                [left]
                LIKE = deep
                A = left
                [right]
                A = right
                B = right
                [deep]
                B = deep
                C = deep
                [hall-11]
                like = hall-10
                A = own

                """#,
            common: ["X": "d", "B": "right", "C": "deep"],
            machines: [
                .init(.hall10, variables: ["A": "left"]),
                .init(.hall11, variables: ["A": "own"]),
                .init(.counter, variables: [:], without: ["B", "C"]),
            ]),
        LTSPSample(
            name: "later-line-wins",
            text: #"""
                [default]
                scREEN_07 = ldm
                Screen_07 = xdmcp
                VOLUME = 90
                [counter]
                volume = NONE
                VOLUME = 10
                [hall-10]
                VOLUME = "none"

                """#,
            common: ["SCREEN_07": "xdmcp"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: ["VOLUME": "90"]),
                .init(.counter, variables: ["VOLUME": "10"]),
            ]),
        LTSPSample(
            name: "names-below-each-other",
            text: #"""
                [default]
                A =
                  one
                B
                = two
                C = three D
                [hall-10] E = five

                """#,
            common: ["A": "one", "B": "two", "C": "three D"],
            machines: [
                .init(.hall10, variables: ["E": "five"]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: [:]),
            ]),
        LTSPSample(
            name: "hooks",
            text: #"""
                [default]
                RCFILE_2 = "/a/second"
                RCFILE_10 = "/a/tenth"
                RCFILE_01 = "/a/first"
                INIT_COMMAND_B = "echo b"
                INIT_COMMAND_A = "echo a"
                FSTAB_10 = "ten"
                FSTAB_9 = "nine"

                """#,
            common: [
                "RCFILE_2": "/a/second", "RCFILE_10": "/a/tenth", "RCFILE_01": "/a/first",
                "INIT_COMMAND_B": "echo b", "INIT_COMMAND_A": "echo a", "FSTAB_10": "ten", "FSTAB_9": "nine",
            ],
            machines: [
                .init(
                    .hall10, variables: [:],
                    hooks: ["INIT_COMMAND_A", "INIT_COMMAND_B", "RCFILE_01", "RCFILE_2", "RCFILE_10"],
                    lines: ["FSTAB_9", "FSTAB_10"]),
                .init(
                    .hall11, variables: [:],
                    hooks: ["INIT_COMMAND_A", "INIT_COMMAND_B", "RCFILE_01", "RCFILE_2", "RCFILE_10"],
                    lines: ["FSTAB_9", "FSTAB_10"]),
                .init(
                    .counter, variables: [:],
                    hooks: ["INIT_COMMAND_A", "INIT_COMMAND_B", "RCFILE_01", "RCFILE_2", "RCFILE_10"],
                    lines: ["FSTAB_9", "FSTAB_10"]),
            ]),
        LTSPSample(
            name: "only-comments",
            text: #"""
                # nothing here
                #[default]
                # A=1

                """#,
            common: [:],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: [:]),
            ]),
        LTSPSample(
            name: "variables",
            text: #"""
                [default]
                SERVER = 192.168.67.1
                WHO = boss
                MSG = "\"$WHO\" at ${SERVER}, ${NONE_SUCH:-nowhere}, \$5, a\\b"
                PART = "a "quoted" word"

                """#,
            common: [
                "SERVER": "192.168.67.1", "WHO": "boss", "MSG": "\"boss\" at 192.168.67.1, nowhere, $5, a\\b",
                "PART": "a quoted word",
            ],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: [:]),
            ]),
    ]
}
