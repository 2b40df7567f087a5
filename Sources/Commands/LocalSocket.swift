/// Where the server of this host is reached.
package enum LocalSocket {
    package static let standardPath = "/run/roost/api.sock"

    /// What its configuration says. The program that reads it sets this for its commands.
    @TaskLocal package static var path: @Sendable () -> String = { standardPath }
}
