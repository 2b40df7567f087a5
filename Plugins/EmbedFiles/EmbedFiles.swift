import Foundation
import PackagePlugin

/// Compiles the files of a target that are no source (pages, scripts, SQL) into it: `page.mustache` is `Embedded.page_mustache`.
///
/// SwiftPM's own `embedInCode` writes a literal of bytes, each of which the optimiser looks at for itself: minutes for a few
/// hundred kilobytes.
@main struct EmbedFiles: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let files = target.sourceModule?.sourceFiles.filter { $0.type == .unknown }.map(\.url) ?? []
        let output = context.pluginWorkDirectoryURL.appending(path: "Embedded.swift")
        return [
            .buildCommand(
                displayName: "Embedding the files of \(target.name)",
                executable: try context.tool(named: "embed-files").url,
                arguments: [output.path] + files.map(\.path).sorted(), inputFiles: files,
                outputFiles: [output])
        ]
    }
}
