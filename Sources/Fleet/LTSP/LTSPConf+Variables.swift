extension LTSPConf {
    /// For whom the file is evaluated.
    package struct Reading: Equatable, Sendable {
        /// Whether on a server; otherwise on a client.
        package var isServer: Bool
        /// The applet of `ltsp`, such as `init`; empty: none.
        package var applet: String

        package init(isServer: Bool = false, applet: String = "init") {
            self.isServer = isServer
            self.applet = applet
        }

        /// The applets of servers, which read [server] on a client, too.
        fileprivate var isForServers: Bool {
            isServer || ["dnsmasq", "image", "ipxe", "kernel", "nfs"].contains(applet)
        }
    }

    /// The effective variables of a machine, in the order in which they were first set; none where a shell could not read the file.
    ///
    /// - Parameter kernelLine: its kernel command line, whose `ltsp.NAME=VALUE` are the strongest.
    package func variables(
        of machine: LTSPMachine, _ reading: Reading = Reading(), kernelLine: String = ""
    ) -> [LTSPVariable] {
        guard errors.isEmpty else { return [] }
        var run = Run(conf: self, machine: machine)
        run.call("unnamed")
        if !reading.isServer { run.call("clients") }
        run.call("common")
        if reading.isForServers { run.call("server") }
        run.call(machine.macAddress)
        run.call(machine.address)
        run.call(run.value("HOSTNAME") ?? "")
        if !reading.applet.isEmpty, reading.applet != "ltsp" {
            run.call("\(reading.applet)/")
            run.call("\(reading.applet)/\(machine.macAddress)")
            run.call("\(reading.applet)/\(machine.address)")
            run.call("\(reading.applet)/\(run.value("HOSTNAME") ?? "")")
        }
        if !kernelLine.isEmpty {
            for word in KernelVariables(kernelLine, dashesAreLines: true).variables { run.set(word) }
        }
        return run.order.compactMap { run.variables[$0] }
    }

    /// One evaluation.
    private struct Run {
        let conf: LTSPConf
        let machine: LTSPMachine
        var variables: [String: LTSPVariable] = [:]
        var order: [String] = []
        /// Each section runs once.
        private var done: Set<String> = []
        private var left = LTSPLimit.byteCount

        init(conf: LTSPConf, machine: LTSPMachine) {
            self.conf = conf
            self.machine = machine
        }

        func value(_ name: String) -> String? {
            if let variable = variables[name] { return variable.value }
            switch name {
            case "HOSTNAME": return machine.hostName
            case "MAC_ADDRESS": return machine.macAddress
            case "IP_ADDRESS": return machine.address
            default: return nil
            }
        }

        mutating func set(_ variable: LTSPVariable) {
            if variables.updateValue(variable, forKey: variable.name) == nil { order.append(variable.name) }
        }

        /// Runs the first section that matches, and what it includes, without recursion: a chain may be as long as the file.
        mutating func call(_ text: String) {
            guard let function = conf.function(matching: Array(text.utf8)) else { return }
            var path: [(function: String, next: Int)] = []
            func enter(_ function: String, _ done: inout Set<String>) {
                if conf.bodies[function] != nil, done.insert(function).inserted { path.append((function, 0)) }
            }
            enter(function, &done)
            while let last = path.last {
                guard let body = conf.bodies[last.function], last.next < body.statements.count else {
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                switch body.statements[last.next] {
                case .assign(let name, let word, let line):
                    assign(name, word, LTSPPlace(file: conf.file, line: line, section: body.header))
                case .remove(let name):
                    if variables.removeValue(forKey: name) != nil { order.removeAll { $0 == name } }
                case .call(let word, _):
                    let text = word.value(value)
                    if let function = conf.function(matching: Array(text.utf8)) { enter(function, &done) }
                case .callFunction(let function, _): enter(function, &done)
                }
            }
        }

        private mutating func assign(_ name: String, _ word: ShellWord, _ place: LTSPPlace) {
            var value = word.literal ?? word.value(value)
            if value.utf8.count > left { value = "" }
            left -= value.utf8.count
            set(LTSPVariable(name: name, value: value, place: place))
        }
    }
}
