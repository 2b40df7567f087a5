/// What a file distinguishes machines by: those of one kind have the same variables.
package struct LTSPMachineKind: Hashable, Sendable {
    /// The sections of an `lts.conf` that name the machine, which decide on all others.
    fileprivate var roots: [Int] = []
    /// The functions of an `ltsp.conf`, in the order in which they run.
    fileprivate var functions: [String] = []
    /// Set where values depend on who the machine is, as in `HOSTNAME=pc-$IP_ADDRESS`.
    fileprivate var machine: LTSPMachine?
}

extension LTSPFile {
    package func kind(of machine: LTSPMachine) -> LTSPMachineKind {
        switch self {
        case .lts(let file): LTSPMachineKind(roots: file.roots(of: machine))
        case .ltsp(let file): file.kind(of: machine)
        }
    }

    /// Whether a section is for this card.
    package func names(_ card: String) -> Bool {
        switch self {
        case .lts(let file):
            let text = Array(card.utf8).map(\.lowered)
            return file.sectionOfKey[text] != nil || file.patterns.contains { $0.pattern.matches(text) }
        case .ltsp(let file): return file.function(matching: Array(card.utf8)) != nil
        }
    }

    /// Reads a file with those that it includes.
    ///
    /// - Parameter texts: the bytes of each file, by its name.
    package init(
        _ dialect: LTSPVariableKind.Dialect, main: String, _ texts: [String: [UInt8]]
    ) {
        let bytes = texts[main] ?? []
        switch dialect {
        case .ltsp: self = .ltsp(LTSPConf(bytes, file: main))
        case .lts:
            self = .lts(
                LTSConf(bytes, file: main) { path in
                    // Paths are those of an image; files are looked for beside the main one.
                    texts[path.split(separator: "/").last.map(String.init) ?? path]
                })
        }
    }
}

extension LTSPConf {
    fileprivate func kind(of machine: LTSPMachine) -> LTSPMachineKind {
        guard errors.isEmpty else { return LTSPMachineKind() }
        if dependsOnMachine { return LTSPMachineKind(machine: machine) }
        let identities = [machine.macAddress, machine.address, machine.hostName]
        let texts = identities + identities.map { "init/\($0)" }
        // HOSTNAME of a section calls further ones, which the sections so far decide.
        return LTSPMachineKind(functions: texts.map { function(matching: Array($0.utf8)) ?? "" })
    }

    /// Whether a value has the machine's own name or address in it.
    var dependsOnMachine: Bool {
        bodies.values.contains { body in
            body.statements.contains { statement in
                switch statement {
                case .assign(_, let word, _), .call(let word, _):
                    word.variableNames.contains { ["HOSTNAME", "MAC_ADDRESS", "IP_ADDRESS"].contains($0) }
                case .remove, .callFunction: false
                }
            }
        }
    }
}
