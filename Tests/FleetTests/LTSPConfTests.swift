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
        ("[clients]\nA=1\u{7}\n", 2, "is in no text"),
    ])
    func `an error names its line, and the file gives nothing`(text: String, line: Int, problem: String) {
        let conf = conf(text)
        #expect(conf.errors.contains { $0.line == line && $0.text.contains(problem) }, "\(conf.errors)")
        #expect(conf.variables(of: .counter) == [])
    }

    @Test(arguments: [
        ("[clients]\n  INCLUDE=x\n", 2), ("[clients]\ntouch /x\n", 2), ("[clients]\n  A = 1\n", 2),
        ("[clients]\ntest -e /x && A=1\n", 2), ("[clients]\nif test -e /x; then\nA=1\nfi\n", 2),
        ("[clients]\r\nA=1\r\n", 1), ("[pc-1]\nA=1\n[pc_1]\nB=1\n", 3), ("[pc0[1-9]]\nA=1\n", 1),
        ("\u{FEFF}[clients]\nA=1\n[x]\nB=1\n", 1), ("[clients]\nA=`id`\n", 2), ("[clients]\nA=1 true\n", 2),
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
