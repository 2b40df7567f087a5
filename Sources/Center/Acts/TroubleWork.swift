import API
import Fleet
import NetworkErrors

extension CenterServices {
    /// Tells listeners what is wrong and what is over, until cancelled. After a restart of the server, what is still wrong is told again.
    func watchTroubles(_ log: @Sendable (String) -> Void) async throws {
        var watch = TroubleWatch()
        while true {
            try await Task.sleep(for: TroubleWatch.tick)
            // To look means to go through all nodes.
            guard troublesAreHeard else { continue }
            do {
                for event in watch.look(try await standingTroubles()) { fleet.events.publish(event) }
            } catch {
                try Task.checkCancellation()
                log("what is wrong could not be told: \(ErrorText.of(error))")
            }
        }
    }

    /// Whether anyone listens to what is wrong: a web hook that asks for it, or a listener from outside.
    var troublesAreHeard: Bool {
        fleet.events.hasGuests || webHooks.sends(.trouble) || webHooks.sends(.troubleOver)
    }

    /// All that the first page lists as wrong and no other event tells: of nodes, terminal servers and pools, schedules, and this server.
    func standingTroubles() async throws -> [StandingTrouble] {
        let acts = Acts(services: self, caller: .local)
        let snapshot = fleet.snapshot
        var troubles = try await acts.standingTroubles()
        let records = snapshot.contents.terminals
        troubles += try acts.terminalTroubles().map { trouble in
            let group =
                trouble.pool.flatMap { records.pools[$0]?.group }
                ?? trouble.server.flatMap { records.servers[$0]?.group }
            return StandingTrouble(trouble.word, of: trouble.subject, in: group, trouble.text)
        }
        troubles += schedules.troubles(in: snapshot, now: Clock.second) { _ in true }.map {
            StandingTrouble(
                "schedule", of: $0.name.text, in: snapshot.contents.schedules[$0.name]?.group, $0.text)
        }
        for network in await networks() {
            guard let warning = network.scarcityWarning else { continue }
            troubles.append(StandingTrouble("network", of: network.network, warning))
        }
        for file in keptFiles.all {
            guard let warning = NodeWarnings.keptFiles([file]).first else { continue }
            troubles.append(StandingTrouble("kept-file", of: file.source.path, warning))
        }
        for source in watchedFiles.all {
            guard let warning = NodeWarnings.watchedFiles([source]).first else { continue }
            troubles.append(StandingTrouble("files", of: source.source.path, warning))
        }
        if let lost = fleet.lostRevisions {
            troubles.append(StandingTrouble("revisions", of: "server", lost.warning))
        }
        if let jump = fleet.recentJump {
            troubles.append(StandingTrouble("clock", of: "server", jump.warning))
        }
        return troubles
    }
}

extension TerminalTrouble {
    /// What is wrong, for programs.
    fileprivate var word: String {
        switch self {
        case .unserved: "unserved"
        case .noServer: "no-server"
        case .silent: "silent"
        case .failing: "failing"
        case .reported: "reported"
        case .otherCertificate: "other-certificate"
        case .unknownCertificate: "unknown-certificate"
        case .oldAgent: "old-agent"
        }
    }

    /// What has it. An agent may report several things; a number that changes in one makes it no other one.
    fileprivate var subject: String {
        let name = pool?.text ?? server?.text ?? ""
        guard case .reported(_, let text) = self else { return name }
        return "\(name): \(text.filter { !$0.isNumber })"
    }
}
