import API
import Fleet
import FoundationEssentials
import Glibc
import Linux

/// `roost-agent`: its commands.
package struct AgentProgram: Sendable {
    private static let usage = """
        usage: roost-agent COMMAND
          join URL TOKEN [--name N] [--address A] [--authority-fingerprint SHA256]
                          join a control center; roost server token prints the whole command
          run             report and take orders; does not return
          setup [--check | --remove]
                          set up xrdp, sshd and PAM of this machine for log-ins by ticket; tell how they stand; undo it
          status [--json] tell whether the center is reached
          ticket          for PAM (pam_exec.so expose_authtok): succeeds when the password is a ticket
          key USER KIND KEY
                          for sshd (AuthorizedKeysCommand … %u %t %k): prints the key when it belongs to a log-in
        """
    /// A password that PAM hands over.
    private static let secretLimit = 1_024

    private let places: AgentPlaces
    private let makeDoor:
        @Sendable (AgentPlaces, any AgentPrograms, any AgentEventSink) throws -> any LogInDoor

    /// - Parameter makeDoor: what the agent has of accounts and tickets.
    package init(
        places: AgentPlaces = AgentPlaces(),
        makeDoor:
            @escaping @Sendable (AgentPlaces, any AgentPrograms, any AgentEventSink) throws ->
            any LogInDoor
    ) {
        (self.places, self.makeDoor) = (places, makeDoor)
    }

    /// Runs a command.
    ///
    /// - Returns: the exit status: 0 done, 1 failed or refused, 64 wrong words.
    package func run(_ arguments: [String]) async -> Int32 {
        do {
            switch (arguments.first, arguments.count) {
            case ("join", 3...): try await join(Array(arguments.dropFirst()))
            case ("run", 1): try await Agent(places, version: Release.version, makeDoor: makeDoor).run()
            case ("setup", 1...2): return try setup(arguments.dropFirst().first)
            case ("status", 1...2): return try status(isJSON: arguments.last == "--json")
            case ("ticket", 1): return ticket()
            case ("key", 4): return key(Array(arguments.dropFirst()))
            case ("version", 1), ("--version", 1): print(Release.version)
            case ("help", _), ("--help", _), ("-h", _): print(Self.usage)
            default: return failed(Self.usage, 64)
            }
            return 0
        } catch {
            return failed("roost-agent: \(error)", 1)
        }
    }

    private func failed(_ text: String, _ status: Int32) -> Int32 {
        AgentLog.write(text)
        return status
    }

    // MARK: Commands

    private func join(_ words: [String]) async throws {
        var joining = Joining(url: words[0], token: words[1])
        var rest = words.dropFirst(2)
        while let word = rest.popFirst() {
            guard let value = rest.popFirst() else { throw AgentProblem("\(word) needs a value") }
            switch word {
            case "--name": joining.name = value
            case "--address": joining.address = value
            case "--authority-fingerprint": joining.fingerprint = value
            default: throw AgentProblem("unknown option \(word)")
            }
        }
        guard geteuid() == 0 || !places.root.isEmpty else {
            throw AgentProblem("joining takes root's rights")
        }
        let identity = try await joining.run(places)
        print("joined as terminal server \(identity.server)")
        print("next: roost-agent setup, then systemctl enable --now roost-agent")
    }

    private func setup(_ word: String?) throws -> Int32 {
        let setup = ServerSetup(places: places, programs: LocalPrograms())
        if word == "--check" {
            let findings = setup.check()
            for finding in findings {
                print(
                    finding.isDone
                        ? "ok: \(finding.name)"
                        : "missing: \(finding.name) (\(finding.path)): \(finding.problem)")
            }
            return findings.allSatisfy(\.isDone) ? 0 : 1
        }
        guard word == nil || word == "--remove" else { return failed(Self.usage, 64) }
        guard geteuid() == 0 || !places.root.isEmpty else {
            throw AgentProblem("set-up has to run as root")
        }
        guard word != nil || FileStatus(places.path(ServerSetup.program)) != nil else {
            throw AgentProblem("PAM and sshd call \(ServerSetup.program): install it there first")
        }
        var watch = SessionWatch(places, known: nil)
        let hasSessions = watch.look(now: SystemClock.wall / 1_000) { _, _ in }.contains { $0.kind == .rdp }
        let outcomes =
            try word == nil ? setup.apply(hasSessions: hasSessions) : setup.remove(hasSessions: hasSessions)
        print(outcomes.isEmpty ? "nothing to do" : outcomes.map(\.line).joined(separator: "\n"))
        return outcomes.contains(where: \.isFailure) ? 1 : 0
    }

    private func status(isJSON: Bool) throws -> Int32 {
        guard let text = DoorClient.ask(.status, at: places.door), !text.isEmpty else {
            _ = try AgentIdentity.read(places)
            throw AgentProblem("the agent is not running, or you are not root: systemctl status roost-agent")
        }
        if isJSON {
            print(text)
            return 0
        }
        guard let status = try? JSONDecoder().decode(AgentStatus.self, from: Data(text.utf8)) else {
            throw AgentProblem("the running agent is of another version: systemctl restart roost-agent")
        }
        print("terminal server \(status.server), center \(status.center)")
        print(
            status.problem.isEmpty ? "the center is reached" : "cannot reach the center: \(status.problem)")
        if let seconds = status.secondsSinceReport { print("last report: \(seconds) s ago") }
        print(status.isListening ? "listens for orders" : "does not listen for orders")
        print("\(status.sessionCount) sessions, \(status.eventCount) events to tell")
        return status.problem.isEmpty && status.isListening ? 0 : 1
    }

    /// pam_exec(8) gives the password on standard input, with a zero behind it.
    private func ticket() -> Int32 {
        guard let user = Self.variable("PAM_USER"), !user.isEmpty,
            Self.variable("PAM_TYPE") ?? "auth" == "auth"
        else { return 1 }
        var secret: [UInt8] = []
        let input = FileDescriptor(owning: dup(0))
        while secret.count <= Self.secretLimit, let more = try? input.read(atMost: Self.secretLimit),
            !more.isEmpty
        {
            secret += more
        }
        while secret.last == 0 { secret.removeLast() }
        guard (1...Self.secretLimit).contains(secret.count), !secret.contains(0) else { return 1 }
        let request = DoorRequest.ticket(
            user: user, service: Self.variable("PAM_SERVICE") ?? "", from: Self.variable("PAM_RHOST") ?? "",
            secret: secret)
        return DoorClient.ask(request, at: places.door) == "1" ? 0 : 1
    }

    private func key(_ words: [String]) -> Int32 {
        let line = "\(words[1]) \(words[2])"
        let request = DoorRequest.key(user: words[0], publicKey: line, process: getppid())
        // No key is no failure for sshd: it goes on with the person's own.
        if DoorClient.ask(request, at: places.door) == "1" { print(line) }
        return 0
    }

    private static func variable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
