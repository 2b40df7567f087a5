import Foundation
import Glibc
import Linux
import Testing

@Suite struct OwnershipTests {
    /// A user ID that no account has.
    private let user: uid_t = 64_999

    private func owner(of path: String) throws -> uid_t {
        var status = stat()
        try #require(unsafe lstat(path, &status) == 0)
        return status.st_uid
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away"))
    func `root changes the owner of what is there, not of what another user put in its place`() throws {
        let place = NSTemporaryDirectory() + "roost-ownership-\(UUID())"
        let files = FileManager.default
        try files.createDirectory(atPath: "\(place)/directory", withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: place) }
        for name in ["plain", "other", "linked", "mine", "theirs"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(place)/\(name)"))
        }
        try #require(unsafe link("\(place)/linked", "\(place)/again") == 0)
        // One owned by root, and one owned by that user.
        try #require(unsafe symlink("mine", "\(place)/root-link") == 0)
        try #require(unsafe symlink("\(place)/theirs", "\(place)/user-link") == 0)
        try #require(unsafe lchown("\(place)/user-link", user, user) == 0)
        try #require(unsafe symlink("loop", "\(place)/loop") == 0)
        for name in ["plain", "directory", "linked", "root-link", "user-link", "loop", "not-there"] {
            Ownership.give("\(place)/\(name)", user, user)
        }
        for name in ["plain", "directory", "mine", "user-link"] {
            #expect(try owner(of: "\(place)/\(name)") == user, "\(name)")
        }
        for name in ["other", "linked", "again", "theirs", "root-link", "loop"] {
            #expect(try owner(of: "\(place)/\(name)") == 0, "\(name)")
        }
    }
}
