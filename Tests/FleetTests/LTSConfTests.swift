import Testing

@testable import Fleet

@Suite struct LTSConfTests {
    private func conf(_ text: String) -> LTSConf { LTSConf(Array(text.utf8)) }

    @Test(arguments: LTSPSample.lts)
    func `a file gives each machine what getltscfg and a shell give it`(sample: LTSPSample) {
        let conf = LTSConf(sample.bytes)
        for machine in sample.machines {
            let variables = conf.variables(of: machine.machine)
            #expect(variables.values == sample.variables(of: machine), "\(machine.machine)")
            #expect(
                ["PREINIT_", "INIT_COMMAND_", "RCFILE_"].flatMap(variables.inVersionOrder).map(\.name)
                    == machine.hooks)
            #expect(["FSTAB_", "HOSTS_"].flatMap(variables.inVersionOrder).map(\.name) == machine.lines)
        }
        #expect(conf.errors.isEmpty == sample.errorLines.isEmpty, "\(conf.errors)")
        for error in conf.errors { #expect(sample.errorLines.contains(error.line ?? 0), "\(error)") }
    }

    @Test(arguments: [
        ("[default]\nA =\nB = 1\n", 2, "no value"),
        ("A = 1\n[default]\nB = 1\n", 1, "above the first section"),
        ("[default]\n[pc]\nA = 1\n", 1, "no setting"), ("[default]\nA = b=c\n", 2, "quotation marks"),
        ("[default]\nA = it's\n", 2, "NAME = VALUE"), ("[pc[1]]\nA = 1\n", 1, "section header"),
        ("[default]\nA = [1]\n", 2, "quotation marks"), ("[default]\r\nA = 1\r\n", 1, "as in DOS"),
        ("\u{FEFF}[default]\nA = 1\n", 1, "byte order mark"), ("[default]\nA = \"b\n", 2, "never closed"),
        ("[default]\nA = 1\n\u{1}\n", 3, "is in no text"),
        ("[default]\nA = 1\ninclude other\n", 3, "no file other"),
        ("[default]\nA = 1\nB\n", 3, "NAME = VALUE"), ("[default]\nA = 1\n= 2\n", 3, "="),
        ("[a]\nLIKE = b\n[b]\nLIKE = c\n[c]\nX = 1\nLIKE = a\n", 7, "circle: [a] → [b] → [c] → [a]"),
        ("[a]\nLIKE = A\n", 2, "circle"), ("[default]\nA = \"b\\\"\n", 2, "text of the shell"),
    ])
    func `an error names its line`(text: String, line: Int, problem: String) {
        let errors = conf(text).errors
        #expect(
            errors.contains { $0.line == line && $0.text.english.contains(problem) && $0.file == "lts.conf" },
            "\(errors)")
    }

    @Test(arguments: [
        ("[default]\nA = 'b'\n", 2), ("[default]\nLIKE = x\nA = 1\n", 2), ("[a]\nLIKE = gone\n", 2),
        ("[a]\nA = 1\n[A]\nB = 1\n", 3), ("[a]\nA = 1\n# end", 3), ("[a]\nA = 1 # end", 2),
        ("[clients]\nA = 1\n", 1), ("[pc-1]\nA = 1\n[Common]\nB = 1\n", 3),
        ("[a]\nA = \"b\" # \"c\"\n", 2),
        ("[a]\nA = \"$(date)\"\n", 2), ("[a]\nA-B = 1\n", 2),
    ])
    func `a line that does something else than it seems to has a warning`(text: String, line: Int) {
        let conf = conf(text)
        #expect(conf.errors == [])
        #expect(conf.problems.contains { $0.line == line }, "\(conf.problems)")
    }

    @Test func `nothing is run, and what only a shell can tell stays as written`() {
        let variables = conf("[default]\nA = \"$(touch /tmp/x) `id` $1 ${B#c}\"\n").variables(of: .hall10)
        #expect(variables.values == ["A": "$(touch /tmp/x) `id` $1 "])
    }

    @Test func `each variable says where it comes from`() {
        let conf = conf("[default]\nA = 1\nB = 1\n[hall-10]\nLIKE = group\n[group]\nB = 2\n")
        let variables = conf.variables(of: .hall10)
        #expect(variables["A"]?.place == LTSPPlace(file: "lts.conf", line: 2, section: "default"))
        #expect(variables["B"]?.place == LTSPPlace(file: "lts.conf", line: 7, section: "group"))
    }

    @Test
    func `a value that a shell takes for a command is none, and leaves that of the kernel command line`() {
        let conf = conf(
            "[default]\nA = \"us\" \"ru\"\nB = \"1\" C=\"2\"\nD = \"x\" >y \"z\"\nE = \"a\";\"b\"\n")
        #expect(conf.errors == [])
        #expect(conf.problems.map(\.line) == [2, 3, 4, 5])
        #expect(
            conf.variables(of: .hall10, kernelLine: "ltsp.a=kernel").values
                == ["A": "kernel", "B": "1", "E": "a"])
        #expect(conf.variables(of: .hall10, isEvaluated: false)["A"]?.value == #"us" "ru"#)
        // An import has no value for it either.
        let rows = LTSPImport(.lts(conf), into: .init(images: [])).rows.filter { $0.line == 2 }
        #expect(!rows.contains { $0.text.contains("us") })
    }

    @Test func `families are in the order of sort -V`() {
        let names = [
            "RCFILE_00", "RCFILE_01", "RCFILE_1", "RCFILE_1B", "RCFILE_1_A", "RCFILE_2", "RCFILE_10",
            "RCFILE_A", "RCFILE_A2", "RCFILE_A10", "RCFILE_a", "RCFILE__1",
        ]
        let place = LTSPPlace(file: "", line: 1, section: "")
        var dice = SeededDice(8)
        for _ in 0..<20 {
            let variables = names.shuffled(using: &dice).map {
                LTSPVariable(name: $0, value: "x", place: place)
            }
            #expect(variables.inVersionOrder("RCFILE_").map(\.name) == names)
        }
    }

    @Test func `two commands of one number run in their order`() throws {
        let conf = conf("[default]\nRCFILE_1 = second\nRCFILE_01 = first\n")
        let settings = LTSPTranslation.settings(of: conf.variables(of: .hall10), in: .lts)
        #expect(
            settings["commands"]
                == .map(["rcfile-0001": "late -- first", "rcfile-0001-2": "late -- second"]))
    }

    // MARK: Includes

    @Test func `an include with an equals sign is told`() {
        let conf = conf("[default]\nA = 1\nInclude = other.conf\n")
        #expect(conf.problems.contains { $0.line == 3 && !$0.isError && $0.text.english.contains("no ‘=’") })
    }

    @Test func `an included file is read after the rest, and of several only the last`() {
        let files = [
            "/etc/one": "[default]\nNEVER = 1\n", "/etc/two": "[counter]\nA = 2\n[hall-10]\nB = 2\n",
        ]
        let conf = LTSConf(
            Array("[default]\nX = 1\ninclude /etc/one\ninclude \"/etc/two\"\n[hall-10]\nB = 1\n".utf8)
        ) { files[$0].map { Array($0.utf8) } }
        #expect(conf.errors == [])
        #expect(conf.variables(of: .hall10).values == ["X": "1", "B": "1"])
        #expect(
            conf.variables(of: .counter)["A"]?.place
                == LTSPPlace(file: "/etc/two", line: 2, section: "counter"))
        #expect(conf.problems.contains { $0.line == 3 && !$0.isError })
    }

    @Test func `ten files are read, and the eleventh is an error`() {
        func last(of count: Int) -> LTSConf {
            LTSConf(Array("[s0]\nA = 1\ninclude 1\n".utf8), file: "0") { name in
                guard let number = Int(name), number < count else { return nil }
                let next = number + 1 < count ? "include \(number + 1)\n" : ""
                return Array("[s\(number)]\nA = 1\n\(next)".utf8)
            }
        }
        #expect(last(of: 10).errors == [] && last(of: 10).sections.count == 10)
        #expect(last(of: 11).errors.map(\.line) == [3])
        #expect(last(of: 11).errors.map(\.file) == ["9"])
    }

    @Test func `a file that includes itself is read once`() {
        let text = Array("[default]\nA = 1\ninclude lts.conf\n".utf8)
        let conf = LTSConf(text) { _ in text }
        #expect(conf.sections.count == 1 && conf.errors == [])
    }

    // MARK: Names and screens

    @Test func `the kernel command line is weaker than the file, and names of LTSP 4 than new ones`() {
        let conf = conf(
            "[default]\nSOUND = True\nX_HORIZSYNC = 30-60\nLOCALDEV = no\nLOCAL_STORAGE = yes\nB = none\n")
        let variables = conf.variables(
            of: .hall10, kernelLine: "quiet ltsp.sound=False ltsp.volume=\"5 0\" LTSP.b=kept ltsp.x-y=no")
        #expect(variables["SOUND"]?.value == "True" && variables["VOLUME"]?.value == "5 0")
        #expect(variables["B"]?.value == "kept" && variables["VOLUME"]?.place.line == 0)
        let renamed = variables.withFormerNames
        #expect(renamed["X_HORZSYNC"]?.value == "30-60" && renamed["LOCALDEV"]?.value == "no")
    }

    @Test func `a screen's own variables hold in it alone`() {
        let variables = conf(
            "[default]\nRDP_SERVER = one\nSCREEN_08_RDP_SERVER = two\nSCREEN_08 = rdesktop\n"
        )
        .variables(of: .hall10)
        #expect(variables.inScreen("08")["RDP_SERVER"]?.value == "two")
        #expect(variables.inScreen("07")["RDP_SERVER"]?.value == "one")
    }

    // MARK: Limits

    @Test func `files that are too large or no text are refused with their line`() {
        #expect(LTSConf([UInt8](repeating: 0x61, count: 100 << 20)).errors.count == 1)
        #expect(LTSConf([0xFF, 0xFE, 0x5B, 0]).errors.map(\.line) == [1])
        #expect(conf("[a]\nA = \(String(repeating: "x", count: 70_000))\n").errors.map(\.line) == [2])
        let many = (0...LTSPLimit.variableCount).map { "V\($0)=1\n" }.joined()
        #expect(conf("[a]\n\(many)").errors.map(\.line) == [LTSPLimit.variableCount + 2])
        #expect(LTSPConf(Array("[a]\n\(many)".utf8)).errors.map(\.line) == [LTSPLimit.variableCount + 2])
        #expect(conf("[a]\n\(many.dropLast(8))[b]\n\(many.dropLast(8))").errors.isEmpty)
        #expect(
            LTSConf([0xFF, 0xFE, 0, 0, 0x5B, 0, 0, 0]).errors.first?.text.english.contains("UTF-32") == true)
        #expect(LTSConf(Array("[a]\nA = 1\n".utf8) + [0, 1]).errors.map(\.line) == [3])
        #expect(conf(String(repeating: "[a\n", count: 5_000)).problems.count <= LTSPLimit.problemCount)
    }

    @Test func `values that grow by reference end`() {
        let doubling = (1...300).map { "A\($0) = \"$A\($0 - 1)$A\($0 - 1)\"\n" }.joined()
        let variables = conf("[default]\nA0 = xxxxxxxx\n\(doubling)").variables(of: .hall10)
        #expect(variables.reduce(0) { $0 + $1.value.utf8.count } <= LTSPLimit.byteCount)
    }
}
