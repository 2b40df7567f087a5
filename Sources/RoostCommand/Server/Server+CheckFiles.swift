import API
import Center
import Commands
import Fleet
import Foundation
import Glibc
import Linux
import NetworkErrors
import Wire

/// Checks of the files that the configuration names, and that a start or the running server reads.
extension Server {
    /// What a start would end with, or complain of, in the order in which people mend it. Nothing is changed.
    ///
    /// This process loses root's rights for it: who may read a file is found out as the user that reads it later.
    static func problems(_ settings: ServerSettings, interfaces: [String]) throws -> [String] {
        try check(settings, interfaces: interfaces)
        let user = try user(settings)
        var problems = rootsProblems(settings, user)
        try become(user, settings)
        problems += filesProblems(settings, now: SystemClock.wall / 1_000)
        return problems
    }

    /// What is read before the server becomes its user.
    static func rootsProblems(_ settings: ServerSettings, _ user: StateDirectory.User) -> [String] {
        var found = Found()
        found.look { try requireStateDirectory(settings, user) }
        if settings.roles.contains(.center) {
            found.look { try requireSocketPlace(settings.socket, user) }
        }
        found.look { _ = try settings.tpmAuthorities.map(tpmAuthorities) }
        if settings.roles.contains(.nfs) { found.look { _ = try nfsServer(settings) } }
        if settings.roles.contains(.http) {
            found.look("nodes cannot boot") { try NodeArchiveFiles.check(settings) }
        }
        return found.problems
    }

    /// What the server's user reads.
    ///
    /// - Parameter now: seconds since 1970.
    static func filesProblems(_ settings: ServerSettings, now: Int) -> [String] {
        var found = Found()
        for file in settings.keptFiles {
            let (read, _) = KeptFileReader(file).read()
            found.look("kept-files: \(file.path)") {
                let errors = try read.get().file.problems.filter(\.isError)
                if !errors.isEmpty { throw Told(errors.map { "\($0)" }) }
            }
        }
        for source in settings.watchedFiles {
            found.look("fleet-files: source \(source.name)") {
                do { _ = try DeclaredFiles(reading: [source.path], isWatched: true) } catch let error
                    as UnreadableDeclaration
                {
                    throw Told(error.problems.map(\.description))
                }
            }
        }
        guard settings.roles.contains(.center) else { return found.problems }
        found.look("center") { try requireCertificate(settings.center, now: now) }
        let sources = settings.center.logInSources
        found.look("center.ldap.authority") { try requireAuthorities(sources.ldap?.authorityPath) }
        found.look("center.oidc.authority") { try requireAuthorities(sources.openID?.authorityPath) }
        for source in settings.imageSources {
            found.look("image-sources: \(source.url): token-file") { try requireToken(source.tokenPath) }
            found.look("image-sources: \(source.url): certificate") {
                try requireAuthorities(source.certificatePath)
            }
        }
        if let directory = settings.mintingPrograms {
            found.look("minting-programs") {
                guard FileStatus(directory, follows: true)?.isDirectory == true else {
                    throw InvalidSetting("there is no directory \(directory): make it, or remove the key")
                }
            }
        }
        return found.problems
    }

    // MARK: One thing each

    private static func requireStateDirectory(_ settings: ServerSettings, _ user: StateDirectory.User) throws
    {
        let path = settings.stateDirectory
        guard let status = FileStatus(path, follows: true) else { return }
        try StateDirectory.requireOwner(status, of: path, user)
        try StateFiles.requireWhole(path)
        let images = "\(path)/images"
        if let status = FileStatus(images, follows: true), !status.isDirectory {
            throw InvalidSetting("\(images) is not a directory: move it away, and the images to it")
        }
    }

    private static func requireCertificate(_ center: ServerSettings.Center, now: Int) throws {
        guard let chain = center.certificate, let key = center.key else { return }
        try requireReadable(chain)
        try requireReadable(key)
        try ServerCertificate.check(chainPath: chain, keyPath: key)
        let validity = try ServerCertificate.validity(chainPath: chain)
        // Before the clock is set, nothing can be said.
        guard now >= ClockReading.earliestSecond, !validity.contains(now) else { return }
        let isOver = now >= validity.upperBound
        let moment = RFC3339.text(seconds: isOver ? validity.upperBound : validity.lowerBound)
        throw InvalidSetting(
            isOver
                ? "the certificate \(chain) has expired at \(moment): put a new one there"
                : "the certificate \(chain) is valid only from \(moment): set the clock, or put another one there"
        )
    }

    private static func requireAuthorities(_ path: String?) throws {
        guard let path else { return }
        try requireReadable(path)
        try ServerCertificate.requireCertificates(in: path)
    }

    private static func requireToken(_ path: String) throws {
        try requireReadable(path)
        let bytes = try WholeFile.read(path, limit: 64 << 10)
        let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty, !text.contains(where: \.isWhitespace) else {
            throw InvalidSetting("\(path) has no token in it: put the one there that the other server gave")
        }
    }

    private static func requireReadable(_ path: String) throws {
        guard let status = FileStatus(path, follows: true) else {
            throw InvalidSetting("there is no file \(path), or the server's user may not see it")
        }
        guard status.isFile else { throw InvalidSetting("\(path) is not a file") }
        guard unsafe access(path, R_OK) == 0 else {
            throw InvalidSetting(
                "the server's user may not read \(path): give it to that user's group (chgrp, chmod g+r)")
        }
    }

    // MARK: Collecting

    /// More than one sentence about one thing.
    private struct Told: Error {
        var texts: [String]

        init(_ texts: [String]) { self.texts = texts }
    }

    private struct Found {
        private(set) var problems: [String] = []

        /// - Parameter place: what it is about; nil where the error says it.
        mutating func look(_ place: String? = nil, _ body: () throws -> Void) {
            let prefix = place.map { "\($0): " } ?? ""
            do { try body() } catch let told as Told {
                problems += told.texts.map { prefix + $0 }
            } catch { problems.append(prefix + ErrorText.of(error)) }
        }
    }
}
