/*
 * The document of `l4sync lint` as text and as markdown (render.h).
 * Decides nothing. Called by the text sink.
 */
#include "l4sync/render.h"

static void heading(struct paint *p, const json_t *lint)
{
	const json_t *sources = json_object_get(lint, "sources");

	paint_styled(p, STYLE_BOLD, field(lint, "host"));
	if (json_array_size(sources)) {
		buf_adds(&p->buf, *field(lint, "host") ? ": " : "");
		render_sources(p, 2, sources);
	}
}

void render_lint(struct paint *p, const json_t *lint)
{
	heading(p, lint);
	buf_addc(&p->buf, '\n');
	render_findings(p, json_object_get(lint, "findings"));
	buf_addc(&p->buf, '\n');
}

void render_lint_summary(struct paint *p, const json_t *lint)
{
	const json_t *summary = json_object_get(lint, "summary");
	json_int_t findings = field_number(summary, "findings");
	json_int_t silenced = field_number(summary, "silenced");

	buf_addf(&p->buf, "%lld rules, %lld finding%s", (long long)field_number(summary, "rules"),
		(long long)findings, findings == 1 ? "" : "s");
	if (silenced > 0)
		buf_addf(&p->buf, ", %lld silenced", (long long)silenced);
}

void render_lint_markdown(struct paint *p, const json_t *lint)
{
	buf_adds(&p->buf, "**lint**: ");
	render_lint_summary(p, lint);
	buf_adds(&p->buf, "\n");
	render_markdown_findings(p, json_object_get(lint, "findings"));
}
