import Testing

@testable import Fleet

@Suite struct LTSPConfTests {
    private func conf(_ text: String) -> LTSPConf { LTSPConf(Array(text.utf8)) }

    @Test(arguments: LTSPSample.ltsp)
    func `a file gives each machine what the scripts of LTSP give it`(sample: LTSPSample) {
        let conf = LTSPConf(sample.bytes)
        for machine in sample.machines {
            let variables = conf.variables(of: machine.machine, machine.reading)
            #expect(variables.values == sample.variables(of: machine), "\(machine.machine)")
            let hook = "\(machine.reading.applet.uppercased())_"
            #expect(
                ["PRE_\(hook)", "POST_\(hook)"].flatMap(variables.inByteOrder).map(\.name) == machine.hooks)
            #expect(
                ["FSTAB_", "CRONTAB_", "HOSTS_", "PASSWORDS_"].flatMap(variables.inByteOrder).map(\.name)
                    == machine.lines)
        }
        #expect(conf.errors.isEmpty == sample.errorLines.isEmpty, "\(conf.errors)")
        for error in conf.errors { #expect(sample.errorLines.contains(error.line ?? 0), "\(error)") }
        for line in sample.warningLines { #expect(conf.problems.contains { $0.line == line }) }
    }

    @Test(arguments: [
        ("[clients]\nA=\"x\n[counter]\nB=1\n", 2, "never closed"), ("[clients]\nA='x\n", 2, "never closed"),
        ("[clients]\nif true; then\nA=1\n", 2, "‘if’ is not ended"), ("[clients]\nfi\n", 2, "closes nothing"),
        ("[clients]\nA=1)\n", 2, "closes nothing"), ("A=1\n", 1, "no section header"),
        ("[clients]\nA=$(date\n", 2, "never closed"), ("[]\nA=1\n", 1, "names nothing"),
        ("[clients]\nLIGHTDM_CONF=\"x\n[Seat:*]\ny=z\"\n", 2, "before line 3, which is a section header"),
        ("[clients]\nA=1\u{7}\n", 2, "is in no text"), ("[clients]\nA=(x y)\n", 2, "lists in parentheses"),
        ("[clients]\nA=1 \\\n[x]\nB=1\n", 2, "backslash"), ("[clients]\nA=1;;\n", 2, "outside of ‘case’"),
        ("[clients]\n; A=1\n", 2, "there is no command before"),
        ("[clients]\nA=1 &&\n", 2, "there is nothing after"),
        ("[clients]\ntrue >\nA=1\n", 2, "there is nothing after ‘>’"),
        ("[clients]\nthen\n", 2, "belongs to nothing"),
        ("[clients]\nif true; fi\n", 2, "closes nothing"), ("[clients]\ndo\n", 2, "belongs to nothing"),
        ("[clients]\ntrue x (y)\n", 2, "cannot follow a command"),
        ("[clients]\nA=1\ncat <<E\nx\n[x]\nE\n", 3, "no line ‘E’ ends"),
        ("[clients]\nA=${B\n", 2, "never closed"),
    ])
    func `an error names its line, and the file gives nothing`(text: String, line: Int, problem: String) {
        let conf = conf(text)
        #expect(
            conf.errors.contains { $0.line == line && $0.text.english.contains(problem) }, "\(conf.errors)")
        #expect(conf.variables(of: .counter) == [])
    }

    @Test(arguments: [
        ("[clients]\n  INCLUDE=x\n", 2), ("[clients]\ntouch /x\n", 2), ("[clients]\n  A = 1\n", 2),
        ("[clients]\ntest -e /x && A=1\n", 2), ("[clients]\nif test -e /x; then\nA=1\nfi\n", 2),
        ("[clients]\r\nA=1\r\n", 1), ("[pc-1]\nA=1\n[pc_1]\nB=1\n", 3), ("[pc0[1-9]]\nA=1\n", 1),
        ("\u{FEFF}[clients]\nA=1\n[x]\nB=1\n", 1), ("[clients]\nA=`id`\n", 2), ("[clients]\nA=1 true\n", 2),
        ("[clients] A=1\nB=1\n", 1), ("[été]\nB=1\n", 1), ("[clients]\nA=${B:?x}\n", 2),
        ("[clients]\ncat <<E\n\"\nE\n", 2), ("[clients]\n>x A=1\n", 2),
        ("[clients]\nexport A = 1\n", 2), ("[clients]\nexport A= 1\n", 2), ("[clients]\nA=~/x\n", 2),
        ("[clients]\nA=/a:~x:/b\n", 2), ("[clients]\nINCLUDE=room_1\n[room-1]\nA=1\n", 2),
        ("[clients]\nA=1\nsection_room\n", 3), ("[Default]\nA=1\n", 1),
        ("[clients]\nLIKE=room\n[room]\nA=1\n", 2),
    ])
    func `a line that does something else than it seems to has a warning`(text: String, line: Int) {
        let conf = conf(text)
        #expect(conf.errors == [])
        #expect(conf.problems.contains { $0.line == line && !$0.isError }, "\(conf.problems)")
    }

    @Test func `nothing is run: commands and what depends on them are left out`() {
        let variables = conf(
            "[clients]\nA=1\ntrue && B=1\nfor x in 1; do\nC=1\ndone\ncase $A in\n1) D=1 ;;\nesac\nE=2 false\nF=3\n"
        ).variables(of: .counter)
        #expect(variables.values == ["A": "1", "F": "3"])
    }

    @Test(arguments: [
        ("pc${IP_ADDRESS##*.}", "pc60"), ("${IP_ADDRESS%.*}", "10.55.0"), ("${IP_ADDRESS%%.*}", "10"),
        ("${IP_ADDRESS#*.}", "55.0.60"), ("${HOSTNAME#pc}", "counter"), ("${HOSTNAME%[a-q]*r}", "count"),
        ("${#HOSTNAME}", "7"), ("${A:-${B:-${HOSTNAME}}}", "counter"), (#""${A:-"x y"}""#, "x y"),
        ("${A:-'x}y'}", "x}y"), (#""${A:-'q'}""#, "'q'"), ("${A:+x}${HOSTNAME:+y}", "y"),
        (#""${A:-\$B}""#, "$B"),
        ("${A:-a b}", "a b"), ("${MAC_ADDRESS##*:}", "fe"), ("${A#x}", ""),
        ("${A%$HOSTNAME}", "${A%$HOSTNAME}"), ("${A:-$(id)}", "${A:-$(id)}"), ("${A:?x}", "${A:?x}"),
    ])
    func `values are cut and replaced as a shell does it`(value: String, expected: String) {
        let variables = conf("[clients]\nX=\(value)\n").variables(of: .counter)
        #expect(variables.values == ["X": expected])
    }

    @Test func `a default that is assigned stays`() {
        let variables = conf("[clients]\nB=\n: ${A:=1} ${B=2} ${C=$A}\nD=\"${E:=3}\"\nE=${E}4\n")
            .variables(of: .counter)
        #expect(variables.values == ["A": "1", "B": "", "C": "1", "D": "3", "E": "34"])
    }

    @Test func `dash counts bytes, and a tilde stays as written`() {
        let conf = conf("[clients]\nX=été\nA=${#X}\nB=~/b:~\nC=a~ D='~' E=\\~ F=~\"b\"\n")
        #expect(
            conf.variables(of: .counter).values
                == ["X": "été", "A": "5", "B": "~/b:~", "C": "a~", "D": "~", "E": "~", "F": "~b"])
        #expect(conf.problems.map(\.line) == [4])
    }

    /// Words in words, in a file of the largest size, take neither the stack nor the time.
    @Test(.timeLimit(.minutes(10))) func `what is nested deeper than anyone writes stays as it is`() {
        let deep = String(repeating: "${A:-", count: 10_000) + String(repeating: "}", count: 10_000)
        #expect(conf("[clients]\nX=\(deep)\n").variables(of: .counter).values == ["X": deep])
        let quoted = String(repeating: "\"${A:-", count: 8_000) + String(repeating: "}\"", count: 8_000)
        _ = conf("[clients]\nX=\(quoted)\n").variables(of: .counter)
        let long = String(repeating: "x", count: 130)
        let variables = conf("[clients]\nA=\(long)\nX=${A#*x}\n").variables(of: .counter)
        #expect(variables.values["X"] == "${A#*x}")
    }

    @Test func `a text behind << is no setting, and what stands behind it is read`() {
        let variables = conf(
            "[clients]\nA=1\ncat <<E >/x; B=2\nA=9 \"\n E\nE\nC=3\ncat <<-'F' <<G\n\tA=8\n\tF\nA=7\nG\nD=4\n"
        ).variables(of: .counter)
        #expect(variables.values == ["A": "1", "B": "2", "C": "3", "D": "4"])
    }

    @Test func `what is assigned before a command of the shell itself stays`() {
        let variables = conf("[clients]\nA=1 :\nB=2 export C=3\nD=4 date\nexport \"E=5 $C\"\n")
            .variables(of: .counter)
        #expect(variables.values == ["A": "1", "B": "2", "C": "3", "E": "5 3"])
    }

    @Test func `lines that end as in DOS leave a carriage return, and a mark makes a section general`() {
        #expect(conf("[clients]\r\nA=1\r\n").variables(of: .counter).values == ["A": "1\r"])
        #expect(
            conf("\u{FEFF}[counter]\nA=1\n[hall-10]\nB=1\n").variables(of: .hall11).values == ["A": "1"])
    }

    @Test func `the kernel command line is stronger than the file`() {
        let variables = conf("[clients]\nA=1\nX_Y=1\n")
            .variables(of: .counter, kernelLine: "ltsp.a=2 ltsp.x-y=3 root=/dev/nfs ltsp.image=\"a b\"")
        #expect(variables.values == ["A": "2", "X_Y": "3", "IMAGE": "a b"])
    }

    @Test func `a host name with capitals matches nothing`() {
        let machine = LTSPMachine(hostName: "Counter")
        #expect(conf("[Counter]\nA=1\n").variables(of: machine) == [])
    }

    @Test func `each variable says where it comes from`() {
        let variables = conf("[clients]\nINCLUDE=group\n[group]\n\nA='x\ny'\nB=1\n").variables(of: .counter)
        #expect(variables["A"]?.place == LTSPPlace(file: "ltsp.conf", line: 5, section: "group"))
        #expect(variables["B"]?.place.line == 7)
    }
}
