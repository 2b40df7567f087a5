import API
import ArgumentParser
import Commands
import Fleet
import Foundation
import Images
import NIOHTTP1

/// `roost image shell`
struct ImageShell: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell",
        abstract: "Change an image by hand: a shell or a command in a clone, which becomes the next version.",
        discussion: """
            roost image shell debian
            roost image shell debian@7 -- sh -c 'apt-get update && apt-get install -y htop'
            When the shell or command ends with status 0, the clone is published; otherwise it is discarded (for a shell at a terminal, you
            are asked). Nodes do not get the version before you promote it. Services are not started; packages that were downloaded before are there.
            """)
    @OptionGroup var packing: PackingOptions
    @Argument(help: "NAME, NAME@CHANNEL or NAME@VERSION; NAME: its newest version.", completion: .versions)
    var reference: String
    @Argument(parsing: .postTerminator, help: "A command instead of a shell, behind ‘--’.") var command:
        [String] = []

    func run() async throws {
        try await reportingFailure { try await packing.publishClone(of: reference, command) }
    }
}

/// `roost image upgrade`
struct ImageUpgrade: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Make the next version with all packages up to date, the kernel included, while nodes run.",
        discussion: """
            roost image upgrade debian && roost image promote debian@8 --canary 5%
            Running nodes keep their version; the channel moves when you promote the new one.
            """)
    @OptionGroup var packing: PackingOptions
    @Argument(help: "NAME, NAME@CHANNEL or NAME@VERSION; NAME: its newest version.", completion: .versions)
    var reference: String

    func run() async throws {
        try await reportingFailure {
            try await packing.publishClone(of: reference, MaintenanceShell.upgradeCommand)
        }
    }
}

extension PackingOptions {
    /// Runs `command` in a clone of a version, and publishes the clone.
    func publishClone(of reference: String, _ command: [String]) async throws {
        try BuildNamespace.requireRoot(to: "change an image by hand")
        try BuildNamespace.enter()
        let version = try await version(reference)
        do {
            try await publish(as: version.image) { store, packer, progress, _ in
                try MaintenanceShell(packer: packer, store: store, cache: cachePath, progress: progress)
                    .run(command, in: version, isShellKept: Self.asks)
            }
        } catch let unchanged as MaintenanceShell.Unchanged {
            printError("\(unchanged)")
        }
    }

    /// Asks the person at the terminal whether to publish a shell's clone anyway.
    private static func asks(status: Int32) -> Bool {
        guard isatty(STDIN_FILENO) != 0 else { return false }
        let question = "the shell ended with status \(status): publish the clone anyway? [y/N] "
        printError(question, terminator: "")
        var answer = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&answer, 1, 200) == 0 { if Interruption.isRequested { return false } }
        return ["y", "yes"].contains(readLine()?.lowercased())
    }

    private func version(_ reference: String) async throws -> ImageVersion {
        let answer: VersionAnswer
        if reference.contains("@") {
            answer = try await find(reference, server.client)
        } else {
            let path = "images/\(APIClient.escaped(reference))"
            guard let newest = try await server.client.get(path, [VersionAnswer].self).last else {
                throw Failure(text: "image \(reference) has no version yet", code: 3)
            }
            answer = newest
        }
        return ImageVersion(
            image: answer.image, number: answer.number, digest: answer.digest,
            publishedAt: answer.publishedAt, manifest: answer.manifest)
    }
}

/// `roost image boot-test`
struct ImageBootTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "boot-test",
        abstract: "Boot a version in a virtual machine, on the server's host, until it is ready.",
        discussion: """
            The version is booted by QEMU, with its root from this server, as a node would; the console and the times of all stages
            stay with the version. ‘roost image promote --boot-test’ does it first, and promotes only what passes.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var options: BootTestOptions
    @Argument(help: "NAME@VERSION or NAME@CHANNEL.", completion: .versions) var reference: String
    @Flag(help: "Show the result of the last test instead of testing again.") var last = false

    func run() async throws {
        try await reportingFailure {
            let version = try await find(reference, server.client)
            let path = "images/\(version.image)/versions/\(version.number)/boot-test"
            let test =
                last
                ? try await server.client.get(path, BootTest.self)
                : try await options.run(version, server.client)
            try output.write(test) { test in
                var table = TextTable(["STAGE", "AFTER", "DETAIL"])
                for entry in test.timeline.entries {
                    let seconds = Double(entry.at - test.timeline.startedAt) / 1_000
                    table.add([entry.stage.rawValue, String(format: "%.1f s", seconds), entry.detail])
                }
                let verdict = test.isPassed ? "passed" : "failed: \(test.detail)"
                return "\(test.image)@\(test.version) \(verdict)\n\n\(table.text)"
                    + (last && !test.isPassed ? "\n\(test.console)\n" : "")
            }
        }
    }
}

/// Options for booting a version before it is shipped.
struct BootTestOptions: ParsableArguments {
    @Option(help: "Seconds from the kernel's start to ready.") var within = 300
    @Option(help: "Memory of the virtual machine in MiB; default: 1024.") var memory: Int?
    @Option(help: ArgumentHelp("The server's state directory.", valueName: "path")) var stateDirectory =
        LocalConfiguration.settings.stateDirectory
    @Flag(
        help: "Let the server boot it, on its host, and show the console here: this may be another machine."
    )
    var onServer = false

    /// Boots a version and stores the result with it; throws when it does not become ready.
    func run(_ version: VersionAnswer, _ client: APIClient) async throws -> BootTest {
        let base = "images/\(version.image)/versions/\(version.number)"
        if onServer {
            guard memory == nil else { throw Failure(text: "--memory is for tests on this host", code: 64) }
            let data = try await client.send(
                .POST, "\(base)/boot-tests/on-server", json: ServerBootTestRequest(withinSeconds: within))
            let build = try await client.follow(JSONDecoder().decode(BuildAnswer.self, from: data))
            guard build.version != nil else {
                throw Self.failure(of: version, build.failure ?? build.state.rawValue)
            }
            return try await client.get("\(base)/boot-test", BootTest.self)
        }
        let data = try await client.send(
            .POST, "\(base)/boot-tests", json: BootTestRequest(withinSeconds: within))
        let test = try JSONDecoder().decode(BootTestAnswer.self, from: data)
        @Sendable func said(_ text: String) { printError(text) }
        said("booting \(version.image)@\(version.number) in a virtual machine, \(within) s at most")
        let machine = BootTestMachine(
            test: test, image: version.image, images: ImageStore(directory: "\(stateDirectory)/images"),
            archives: "\(stateDirectory)/node", mebibytes: memory ?? BootTestMachine.standardMebibytes,
            say: { said($0) }, show: { _ in })
        Interruption.heed()
        var known = 0
        let outcome: (failure: String?, console: String)
        do {
            outcome = try await machine.run {
                let boots = try await client.get("boots?mac=\(test.machine)&limit=1", [BootTimeline].self)
                let entries = boots.first?.entries ?? []
                for entry in entries.dropFirst(known) {
                    said("  \(entry.stage.rawValue)\(entry.detail.isEmpty ? "" : ": \(entry.detail)")")
                }
                known = entries.count
                return entries.contains { $0.stage == .ready }
            }
            try Program.checkMayStart()
        } catch {
            // An interrupted test proves nothing: forget its machine.
            if Interruption.isRequested {
                _ = try? await client.send(.DELETE, "machines/\(test.machine)", body: nil)
            }
            throw error
        }
        let report = BootTestReport(
            machine: test.machine, boot: test.boot, detail: outcome.failure ?? "",
            console: outcome.console)
        let answer = try await client.send(.PUT, "\(base)/boot-test", json: report)
        let result = try JSONDecoder().decode(BootTest.self, from: answer)
        guard result.isPassed else { throw Self.failure(of: version, result.detail) }
        return result
    }

    private static func failure(of version: VersionAnswer, _ detail: String) -> Failure {
        Failure(
            text: """
                \(version.image)@\(version.number) does not boot: \(detail)
                (its console: roost image boot-test --last \(version.image)@\(version.number))
                """, code: 1)
    }
}
