import Foundation

/// A directory that an image is built from; the caller removes it.
struct DockerfileContext {
    let path: String

    init(_ files: [String: String]) throws {
        path = "\(BootLab.directory)/context-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// `roost image build`, or another command that packs, with the laboratory's store and the cache that all lanes share.
    @discardableResult
    static func roost(_ arguments: [String]) throws -> String {
        try BootLab.run(
            BootLab.roost,
            arguments + ["--state-directory", BootLab.stateDirectory, "--cache", BootLab.cache],
            environment: ["ROOST_SOCKET": BootLab.socket])
    }

    @discardableResult
    func build(_ image: String, _ more: String...) throws -> String {
        try Self.roost(["image", "build", image, path] + more)
    }
}
