package import Fleet
import Foundation
import Linux

/// The arguments of `roost image build NAME PATH`.
package struct ContainerRecipe: Sendable, Equatable {
    /// The build context: the directory that `COPY` copies from.
    package var context: String
    /// The Dockerfile or Containerfile; nil: the one in the context.
    package var file: String?
    /// `NAME=VALUE`, for `ARG`.
    package var arguments: [String]
    /// The stage to stop at; nil: the last.
    package var stage: String?
    package var usesCache = true
    /// Whether `FROM debian:SUITE` means a base from this host's mirror instead of one from a registry.
    package var makesDebianBases = false

    package init(context: String, file: String? = nil, arguments: [String] = [], stage: String? = nil) {
        self.context = context
        self.file = file
        self.arguments = arguments
        self.stage = stage
    }

    /// Digest of the Dockerfile, its arguments and its stage; nil when there is no file. Files that it copies are not included.
    var digest: Fleet.Digest? {
        let names = file.map { [$0] } ?? ["Dockerfile", "Containerfile"].map { "\(context)/\($0)" }
        guard var text = names.lazy.compactMap({ FileManager.default.contents(atPath: $0) }).first else {
            return nil
        }
        text += Data((["", stage ?? ""] + arguments).joined(separator: "\0").utf8)
        return Fleet.Digest(of: text)
    }
}

/// Container images, built from Dockerfiles by buildah, in storage of Roost's own.
///
/// Mounts last as long as the process's mount namespace, so callers must run in one of their own.
package final class ContainerImages: Sendable {
    /// Bases with this name are built here: `FROM localhost/roost/debian:bookworm`.
    package static let localBase = "localhost/roost/debian"

    private let directory: String
    private let program: Program
    private let progress: @Sendable (String) -> Void
    /// One build at a time, so that leftovers of an interrupted build can be told from files in use.
    private let lock: FileDescriptor

    /// Waits until no other build uses the storage.
    ///
    /// - Parameter cache: keeps layers between builds.
    package init(cache: String, progress: @escaping @Sendable (String) -> Void) throws {
        directory = "\(cache)/containers"
        program = try Program("buildah", package: "buildah")
        self.progress = progress
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        // Other users of this host must not reach the programs in images.
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory)
        lock = try FileDescriptor(opening: "\(directory)/lock", flags: O_RDWR | O_CREAT)
        if !lock.lock() {
            progress("waiting for another build")
            while !lock.lock() { Thread.sleep(forTimeInterval: 1) }
        }
        try buildah(["rm", "--all"])
    }

    @discardableResult
    private func buildah(
        _ arguments: [String], environment: [String: String] = [:], fills: Bool = false,
        isCleanup: Bool = false,
        progress: (@Sendable (String) -> Void)? = nil
    ) throws -> String {
        // As root and without a daemon, «chroot» isolation needs no cgroups and no network of its own.
        let environment = environment.merging(["BUILDAH_ISOLATION": "chroot"]) { $1 }
        let output = try program.run(
            ["--root", "\(directory)/storage", "--runroot", "\(directory)/run"] + arguments,
            environment: environment, filling: fills ? directory : nil, isCleanup: isCleanup,
            progress: progress)
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    // MARK: Building

    /// Builds the recipe's image, and calls `body` with its root while that is mounted.
    package func withRoot<T>(
        of recipe: ContainerRecipe, as image: ImageName,
        makeBase: (_ suite: String, _ archive: String) throws -> Void,
        _ body: (_ root: String) throws -> T
    ) throws -> T {
        let file = try Self.file(of: recipe)
        let dockerfile = Dockerfile(
            try String(contentsOfFile: file, encoding: .utf8), arguments: recipe.arguments)
        for base in dockerfile.bases {
            guard let suite = Self.suite(of: base, makesDebianBases: recipe.makesDebianBases) else {
                continue
            }
            try provide(suite, named: base, makeBase)
        }
        let tag = "localhost/roost-build/\(image)"
        var arguments = [
            "build", "--layers", "--force-rm", "--file", file, "--tag", tag, "--env", "INITRD=No",
        ]
        arguments += recipe.arguments.flatMap { ["--build-arg", $0] }
        if let stage = recipe.stage { arguments += ["--target", stage] }
        if !recipe.usesCache { arguments.append("--no-cache") }
        progress("building \(file)")
        do {
            try buildah(
                arguments + [recipe.context], environment: ["INITRD": "No"], fills: true,
                progress: { [progress] in progress($0) })
        } catch let failure as ProgramFailure {
            throw PackageScriptFailure(in: failure) ?? failure
        }
        return try withRoot(of: tag, body)
    }

    private static func file(of recipe: ContainerRecipe) throws -> String {
        if let file = recipe.file { return file }
        for name in ["Containerfile", "Dockerfile"] {
            let path = "\(recipe.context)/\(name)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw ImageLacks("there is neither a Dockerfile nor a Containerfile in \(recipe.context)")
    }

    /// The suite of a base that is built here; nil for one from elsewhere.
    private static func suite(of base: String, makesDebianBases: Bool) -> String? {
        let parts = base.split(separator: ":", maxSplits: 1).map(String.init)
        let isLocal = parts[0] == localBase
        guard isLocal || makesDebianBases && ["debian", "docker.io/library/debian"].contains(parts[0]) else {
            return nil
        }
        let tag = parts.count == 2 ? parts[1] : "stable"
        return tag.hasSuffix("-slim") ? String(tag.dropLast(5)) : tag
    }

    /// Builds the base of a suite, unless it exists.
    private func provide(
        _ suite: String, named base: String, _ makeBase: (_ suite: String, _ archive: String) throws -> Void
    ) throws {
        let name = "\(Self.localBase):\(suite)"
        if (try? buildah(["inspect", "--type", "image", name])) == nil {
            progress("making the base \(name)")
            let archive = "\(directory)/base-\(ProcessInfo.processInfo.processIdentifier).tar"
            defer { try? FileManager.default.removeItem(atPath: archive) }
            try makeBase(suite, archive)
            let container = try buildah(["from", "scratch"])
            defer { _ = try? buildah(["rm", container], isCleanup: true) }
            try buildah(["add", container, archive, "/"], fills: true)
            try buildah(["commit", container, name], fills: true)
        }
        // A short name is looked up among the local ones first.
        if !base.hasPrefix(Self.localBase) {
            try buildah(["tag", name, "localhost/\(base.replacing("docker.io/library/", with: ""))"])
        }
    }

    private func withRoot<T>(of image: String, _ body: (_ root: String) throws -> T) throws -> T {
        let container = try buildah(["from", "--pull=false", image])
        defer { _ = try? buildah(["rm", container], isCleanup: true) }
        let root = try buildah(["mount", container])
        defer { _ = try? buildah(["umount", container], isCleanup: true) }
        return try body(root)
    }
}

/// What must be known about a Dockerfile before it is built.
struct Dockerfile {
    /// Images in its `FROM` lines that are not its own stages, with arguments filled in.
    private(set) var bases: [String] = []

    init(_ text: String, arguments: [String]) {
        var values: [String: String] = [:]
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        var stages: Set<String> = ["scratch"]
        for line in text.replacing("\\\n", with: " ").split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let command = words.first?.uppercased() else { continue }
            if command == "ARG", words.count > 1, bases.isEmpty {
                let parts = words[1].split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2, values[parts[0]] == nil {
                    values[parts[0]] = parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\"'"))
                }
            }
            guard command == "FROM", let image = words.dropFirst().first(where: { !$0.hasPrefix("--") })
            else {
                continue
            }
            let base = Self.filled(image, values)
            if !stages.contains(base.lowercased()), !bases.contains(base) { bases.append(base) }
            if let index = words.firstIndex(where: { $0.uppercased() == "AS" }), words.count > index + 1 {
                stages.insert(words[index + 1].lowercased())
            }
        }
    }

    /// `${NAME}`, `$NAME` and `${NAME:-otherwise}` replaced.
    private static func filled(_ text: String, _ values: [String: String]) -> String {
        text.replacing(/\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/) { match in
            let name = String(match.1 ?? match.3 ?? "")
            return values[name] ?? match.2.map(String.init) ?? ""
        }
    }
}

/// A package whose script failed during a build, and its output.
package struct PackageScriptFailure: Error, CustomStringConvertible {
    package var description: String

    /// Nil for failures of another kind.
    init?(in failure: ProgramFailure) {
        let lines = failure.output.split(separator: "\n").map(String.init)
        guard let index = lines.firstIndex(where: { $0.contains("dpkg: error processing package ") }),
            let name = lines[index].split(separator: " ").dropFirst(4).first
        else { return nil }
        let said = lines[max(0, index - 8)...min(lines.count - 1, index + 2)].map { "  \($0)" }
        description =
            "a script of the package \(name) failed in the build; its output:\n\(said.joined(separator: "\n"))\n"
            + "leave the package out, or provide what it requires before it is installed"
    }
}
