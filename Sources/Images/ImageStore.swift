import Errors
package import Fleet
import Foundation
package import Linux

/// The directories of all image versions: `DIRECTORY/IMAGE/DIGEST/{kernel,modules.cpio,root.squashfs,manifest.json}`.
///
/// A version is built beside its place, made durable, and renamed into place; after that nothing in it changes.
package struct ImageStore: Sendable {
    package let directory: String
    /// Files of a version, in addition to its manifest.
    package static let fileNames = ["kernel", "modules.cpio", "root.squashfs"]
    /// Where versions are built: one directory per builder, within the directory of all images.
    package static let building = ".building"
    private static let removing = ".removing"
    private static let pulling = ".pulling-"
    /// The server's user and group, which own what others publish; nil for the process's own.
    private let owner: (user: UInt32, group: UInt32)?

    package init(directory: String, owner: (user: UInt32, group: UInt32)? = nil) {
        self.directory = directory
        self.owner = owner
    }

    package func path(of version: ImageVersion) -> String { path(version.image, version.digest) }

    private func path(_ image: ImageName, _ digest: Fleet.Digest) -> String {
        "\(directory)/\(image)/\(digest)"
    }

    /// A fresh directory to build a version in.
    package func makeBuildDirectory() throws -> WorkDirectory {
        let common = "\(directory)/\(Self.building)"
        let isOwn = FileStatus(common).map { $0.user == geteuid() } ?? true
        return try WorkDirectory(in: isOwn ? common : "\(common)-user", prefix: "version-")
    }

    /// Opens a file of a version, which the server's user may have replaced: checks that it is a file and was reached without links.
    package func open(_ name: String, of image: ImageName, _ digest: Fleet.Digest) throws -> FileDescriptor {
        try ForeignDirectory(directory).file("\(image)/\(digest)/\(name)")
    }

    /// Moves a finished build directory, with the files that the manifest names, to its place.
    ///
    /// - Returns: the digest, and whether the version is new: publishing the same content again gives the same version.
    package func publish(_ manifest: ImageManifest, from build: String) throws -> (
        digest: Fleet.Digest, isNew: Bool
    ) {
        let files = FileManager.default
        let encoded = try Self.encode(manifest)
        let digest = Fleet.Digest(of: encoded)
        try FileDescriptor(opening: "\(build)/manifest.json", flags: O_WRONLY | O_CREAT | O_TRUNC)
            .write([UInt8](encoded), at: 0, as: .imageManifest)
        let owner = owner ?? (geteuid(), getegid())
        let image = try ForeignDirectory(directory).directory(
            manifest.image.text, for: owner.user, owner.group)
        if image.contains(digest.description) {
            try files.removeItem(atPath: build)
            return (digest, false)
        }
        let names = try close(manifest, in: build)
        if geteuid() == 0, unsafe lchown(build, owner.user, owner.group) != 0 {
            throw SystemError("give \(build) to the server")
        }
        try DurableFile.publish(
            build, .directory(files: names), as: digest.description, in: image, at: .image)
        return (digest, true)
    }

    /// The manifest of a version on the disk, checked against its digest and its files' sizes.
    package func manifest(of image: ImageName, _ digest: Fleet.Digest) throws -> ImageManifest {
        let path = path(image, digest)
        guard let data = FileManager.default.contents(atPath: "\(path)/manifest.json") else {
            throw ImageLacks("there is no version \(digest.short) of \(image) in \(directory)")
        }
        guard Fleet.Digest(of: data) == digest else { throw ImageLacks("the manifest in \(path) is damaged") }
        let manifest = try JSONDecoder().decode(ImageManifest.self, from: data)
        for file in manifest.files {
            let size = try FileDescriptor(opening: "\(path)/\(file.name)").byteCount()
            guard size == file.byteCount else {
                throw ImageLacks("\(path)/\(file.name) has \(size) bytes instead of \(file.byteCount)")
            }
        }
        return manifest
    }

    /// Reads all files of a version and reports what is wrong with them, one line each; on its own thread.
    package func verify(_ image: ImageName, _ digest: Fleet.Digest) async throws -> [String] {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try damage(of: image, digest) }) }
        }
    }

    private func damage(of image: ImageName, _ digest: Fleet.Digest) throws -> [String] {
        let manifest: ImageManifest
        do { manifest = try self.manifest(of: image, digest) } catch { return [FileErrorText.of(error)] }
        return manifest.files.compactMap { file in
            let path = "\(path(image, digest))/\(file.name)"
            do {
                let found = try Fleet.Digest(ofFile: path)
                return found == file.sha256 ? nil : "\(file.name) does not match its manifest"
            } catch { return "\(file.name) cannot be read: \(FileErrorText.of(error))" }
        }
    }

    // MARK: Copies from other servers

    /// The directory that receives the files of a version from elsewhere; parts that arrived earlier are still there.
    package func pullDirectory(for image: ImageName, _ digest: Fleet.Digest) throws -> String {
        let path = "\(directory)/\(image)/\(Self.pulling)\(digest)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // A server that stopped before it moved them may have made them immutable already.
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: "\(path)/\(name)")
        }
        return path
    }

    /// Checks every byte that arrived, and moves the version to its place. A file that does not match its manifest is deleted.
    package func adopt(_ image: ImageName, _ digest: Fleet.Digest) throws {
        let files = FileManager.default
        let pull = try pullDirectory(for: image, digest)
        guard let data = files.contents(atPath: "\(pull)/manifest.json"), Fleet.Digest(of: data) == digest
        else {
            try? files.removeItem(atPath: "\(pull)/manifest.json")
            throw ImageLacks("the manifest of \(image) \(digest.short) was not received completely")
        }
        let manifest = try JSONDecoder().decode(ImageManifest.self, from: data)
        guard manifest.image == image, manifest.files.allSatisfy({ Self.fileNames.contains($0.name) }) else {
            throw ImageLacks("the manifest of \(image) \(digest.short) names files that no version has")
        }
        for file in manifest.files {
            guard try Fleet.Digest(ofFile: "\(pull)/\(file.name)") == file.sha256 else {
                try? files.removeItem(atPath: "\(pull)/\(file.name)")
                throw ImageLacks("\(file.name) of \(image) \(digest.short) does not match its manifest")
            }
        }
        let target = path(image, digest)
        if files.fileExists(atPath: target) { return try files.removeItem(atPath: pull) }
        let names = try close(manifest, in: pull)
        try DurableFile.publish(pull, .directory(files: names), as: target, at: .imageCopy)
    }

    /// Deletes partial copies of versions that are no longer needed.
    package func discardPulls(except wanted: Set<Fleet.Digest>) throws {
        let files = FileManager.default
        for image in try files.contentsOfDirectory(atPath: directory) {
            let names = (try? files.contentsOfDirectory(atPath: "\(directory)/\(image)")) ?? []
            for name in names where name.hasPrefix(Self.pulling) {
                if let digest = Fleet.Digest(name.dropFirst(Self.pulling.count)), wanted.contains(digest) {
                    continue
                }
                try files.removeItem(atPath: "\(directory)/\(image)/\(name)")
            }
        }
    }

    /// Makes a version's files immutable.
    ///
    /// - Returns: their names.
    private func close(_ manifest: ImageManifest, in directory: String) throws -> [String] {
        let names = manifest.files.map(\.name) + ["manifest.json"]
        for name in names {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o444], ofItemAtPath: "\(directory)/\(name)")
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory)
        return names
    }

    /// Deletes the files of removed versions: a crash may have prevented it.
    package func remove(_ removed: [ImageName: Set<Fleet.Digest>]) throws {
        for (image, digests) in removed {
            try? FileManager.default.removeItem(atPath: trash(of: image))
            for digest in digests where FileManager.default.fileExists(atPath: path(image, digest)) {
                try remove(image, digest)
            }
        }
    }

    /// Deletes a version's directory. Open files stay readable until they are closed.
    package func remove(_ image: ImageName, _ digest: Fleet.Digest) throws {
        let path = path(image, digest)
        let trash = trash(of: image)
        try? FileManager.default.removeItem(atPath: trash)
        try DurableFile.move(path, to: trash, at: .imageTrash)
        try FileManager.default.removeItem(atPath: trash)
    }

    private func trash(of image: ImageName) -> String { "\(directory)/\(image)/\(Self.removing)" }

    /// The manifest's canonical bytes, which its digest covers.
    private static func encode(_ manifest: ImageManifest) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(manifest)
    }
}
