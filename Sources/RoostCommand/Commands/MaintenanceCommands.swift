import ArgumentParser
import Center
import Fleet
import Foundation
import Images

/// `roost image shell`
struct ImageShell: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell",
        abstract: "Change an image by hand: a shell or a command in a clone, which becomes the next version.",
        discussion: """
            roost image shell debian
            roost image shell debian@7 -- apt-get install -y htop
            When the shell or command ends with status 0, the clone is published; otherwise it is dropped. Nodes are not touched
            before somebody promotes the version. Services are not started; packages that were downloaded before are at hand.
            """)
    @OptionGroup var packing: PackingOptions
    @Argument(help: "NAME, NAME@CHANNEL or NAME@VERSION; NAME: its newest version.") var reference: String
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
            Running nodes keep what they have; the channel moves when somebody promotes the version.
            """)
    @OptionGroup var packing: PackingOptions
    @Argument(help: "NAME, NAME@CHANNEL or NAME@VERSION; NAME: its newest version.") var reference: String

    func run() async throws {
        try await reportingFailure {
            try await packing.publishClone(of: reference, MaintenanceShell.upgradeCommand)
        }
    }
}

extension PackingOptions {
    /// Runs `command` in a clone of a version, and publishes the clone.
    func publishClone(of reference: String, _ command: [String]) async throws {
        try MountNamespace.enter()
        let version = try await version(reference)
        do {
            try await publish(as: version.image) { store, packer, progress, _ in
                try MaintenanceShell(packer: packer, store: store, cache: cache, progress: progress)
                    .run(command, in: version)
            }
        } catch let unchanged as MaintenanceShell.Unchanged {
            FileHandle.standardError.write(Data("\(unchanged)\n".utf8))
        }
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
