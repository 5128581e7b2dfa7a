"""Lines in English. One short sentence of what happened, one of what to do."""

LINES: dict[str, str] = {
    # greetings and help
    "start": (
        "Hello! I am Parley. Write to me, send me a photo and ask about it, or hold the microphone "
        "and speak. /help lists what I can do."
    ),
    "help": (
        "Write, send a photo, or speak: I answer. In a group, mention me or reply to me.\n"
        "What works on a message (/describe, /edit, /variation, /transcribe, /translate) takes "
        "what you send along, or one that is there: as a reply to it, or by its menu.\n"
        "/search finds what was said here before; /remember keeps a fact about you for later.\n"
        "To change only a part of a picture, say which in words; or send a mask with /edit: a PNG "
        "of the same size, transparent where the picture may change.\n"
    ),
    "stranger": (
        "Hello! I only answer people on my list, and you are not on it yet. To let you in, my "
        "operator adds this line to the list of users:\n- {id}"
    ),
    "asked_in_thread": "🧵 {name}: {question}",
    "may_not_write": (
        "I was named in #{channel}, but I may not write there. A moderator can let me; or ask me "
        "here."
    ),
    "ask_me": "Yes? Write your question after my name, or reply to a message with it.",
    # answers
    "transcript": "🎤 {text}",
    "listening_long": "🎤 This is a long one: I listen to it in {total} parts.",
    "listening": "🎤 Listening: {done} of {total} parts are written down.",
    "translating": "🌐 Translating: {done} of {total} parts are done.",
    "whole_in_file": "📄 This is its beginning; the file holds all of it.",
    "no_times": "⏱ The service behind me does not tell when what was said: here is the text alone.",
    "tool_running": "🔧 {title} …",
    "tool_done": "🔧 {title}",
    "tool_failed": "⚠️ {title}",
    "tools_more": "… and {count} more",
    "only_pictures": "🖼",
    "only_steps": "☑️",
    "tools_refused": "{count} more calls, which were too many",
    "sources": "Sources:",
    "button_steps": "Steps",
    "no_steps": "Nothing but thinking went into that answer: there are no steps to show.",
    "no_answer_to_show": "I no longer find that answer. Reply to another with /steps.",
    "steps_in_file": "📄 Some of it is shortened here; the file holds all of it.",
    "step_made": "{count} pictures",
    "notice_stopped": "⏹ Stopped.",
    "notice_cut": "⚠️ This answer broke off before its end. Press Continue to go on with it.",
    "notice_length": "⚠️ This answer reached its length limit. Press Continue to go on with it.",
    "notice_translation_cut": "⚠️ This translation broke off before its end. Please try again.",
    "notice_filtered": "⚠️ The service's safety system broke this answer off.",
    "notice_outlasted": (
        "⏳ I may write here for 15 minutes only, and this took longer. Please ask for the rest "
        "with a new question."
    ),
    "notice_in_file": "📄 No more messages fit in here: the file holds the whole answer.",
    "button_retry": "↻ Retry",
    "button_again": "↻ Try again",
    "button_continue": "Continue",
    "button_stop": "⏹ Stop",
    "stopped": "⏹ Stopped.",
    "nothing_to_stop": "There is nothing to stop right now.",
    "nothing_to_retry": "There is no answer to make again yet. Ask me something first.",
    "retry_no_picture": "For another picture, please send /image and what to draw again.",
    "nothing_to_continue": "The last answer is whole; there is nothing to go on with.",
    "edit_last_only": (
        "I answer an edit of your last question only. Send this one again as a new message."
    ),
    "unknown_command": "I do not know that command. /help lists what I can do.",
    "message_gone": (
        "I can no longer find the message that you asked about. If you still see it, please ask "
        "about it once more."
    ),
    "restarting": "I am being restarted. Please try again in a moment.",
    "new": "A new conversation begins. I no longer look at what was said before.",
    "reply_to_sound": "There is no recording in it. Give me one with it.",
    "button_picture_again": "↻ Again",
    "button_variation": "Variation",
    "button_edit": "Edit",
    "button_full_size": "Full size",
    "picture_cost": "{cost}",
    "pictures_cost": "{cost} for {count} pictures",
    "pictures_fewer": "⚠️ {count} of {asked}: the rest could not be made.",
    "variation_by_edit": "The service makes no variations: I asked for one in words, as an edit.",
    "edit_how": (
        "Reply to the picture with /edit and what to change, for example: /edit make the sky darker"
    ),
    "no_picture_to_edit": "There is no picture in it. Give me one with it, or reply to one.",
    "picture_forgotten": "I no longer have that picture. Send it to me again, and I work on it.",
    "picture_transparent_jpeg": (
        "A JPEG cannot be transparent. Please take format=png or format=webp."
    ),
    "too_many_pictures": "Those are too many pictures; I can work on up to 16 at once.",
    "one_picture_only": "A variation is made of one picture. Please give me just one.",
    "reply_to_picture": "There is no picture or video in it. Give me one with it.",
    "describe": "Describe this picture.",
    "describe_video": "Describe what happens in this video.",
    "reply_to_translate": (
        "There is nothing to translate in it. Give me a recording, a photo or a text."
    ),
    "nothing_to_say": (
        "There are no words in it that I could say. Write them after /say, or reply to a text."
    ),
    "too_long_to_say": "That is more than I can say at once: about an hour of it is the most.",
    "speaking": "🔊 Speaking: {done} of {total} parts are done.",
    "spoken_file": "🔊 {length} long, as a file:",
    "spoken_smaller": "As {format} it was too large to be sent here.",
    "speech_failed": "I could not speak this answer. It stands above as text. (ref {ref})",
    # documents
    "document_scan": (
        "📄 {name} has no text that I can read, so I look at it: {pages} of its {total} pages. "
        "Name other pages in your question to have me look at those."
    ),
    "document_cut": "📄 {name} is longer than I can keep: I read its beginning.",
    "document_reading": "📄 Reading {name}: {done} of {total} parts.",
    "document_uploading": "📄 Bringing {name} to where it is searched.",
    "document_beginning": "only its beginning",
    "unit_page": "{count} page",
    "units_page": "{count} pages",
    "unit_slide": "{count} slide",
    "units_slide": "{count} slides",
    "unit_sheet": "{count} sheet",
    "units_sheet": "{count} sheets",
    "unit_file": "{count} file",
    "units_file": "{count} files",
    "learn_how": (
        "Send me files with /learn, or reply with it to one. I keep them, and answer from them "
        "whenever they fit a question. /files lists them."
    ),
    "learned": "📚 I keep {name}{about} and answer from it here from now on. /files lists all.",
    "learned_for_all": "📚 I keep {name}{about} and answer from it in every chat from now on.",
    "learned_before": "📚 I keep {name} already.",
    "learned_by_words": (
        "I find things in it by words for now, for what they mean could not be worked out."
    ),
    "learned_unread": "I could not read {names} in it.",
    "learn_scan": (
        "{name} has no text that I could learn: its pages are pictures. Send it with a question, "
        "and I look at them."
    ),
    "learned_too_much": (
        "I keep as much as I can here already. Let me forget something first: /files lists it."
    ),
    "owners_only": "Only those who run me can do that.",
    "files_none": (
        "I keep no documents here. Send one with /learn to have me answer from it from now on."
    ),
    "files": "Documents that I answer from here",
    "files_line": "{number}. {name}: {about}, {date}, {author}{note}",
    "files_for_all": "for all chats",
    "files_recent": "until tomorrow",
    "files_button_forget": "🗑 {number}",
    "files_button_more": "More",
    "files_forgotten": "I forgot {count}.",
    "document_one": "1 document",
    "documents_many": "{count} documents",
    "files_unknown": "I keep no document of that name here. /files lists those that I do.",
    # analysis
    "analyze_this": "Look at these files: say what is in them, and show what matters in charts.",
    "continue_analysis": "To go on with an analysis, please send /analyze and what it still lacks.",
    "analysis_off": "Those who run me have switched /analyze off. Documents I read all the same.",
    "analysis_preparing": "📂 Bringing the files to where the code runs …",
    "analysis_queued": "⏳ Queued …",
    "analysis_in_progress": "⚙️ In progress: thinking …",
    "analysis_running": "⚙️ In progress: running code, step {step} …",
    "analysis_between": "⚙️ In progress: {count} done, thinking …",
    "analysis_step": "{count} step",
    "analysis_steps": "{count} steps",
    "analysis_code": "⚙️ Code was run: {count}.",
    "analysis_title": "Python: {line}",
    "analysis_only_steps": "There is no answer; the steps show how far it came.",
    "analysis_needs_tool": (
        "⚠️ The analysis asked for a tool that there is none of here, and was cancelled. Please ask "
        "in other words."
    ),
    "analysis_failed": "⚠️ The analysis failed at the service. Please try again.",
    "analysis_failed_why": "⚠️ The analysis failed. {reason}",
    "analysis_incomplete": (
        "⚠️ The analysis ended incomplete: it reached a limit of the service. Ask for less at once."
    ),
    "analysis_cancelled": "⏹ The analysis was cancelled.",
    "analysis_timeout": (
        "⏱ The analysis took longer than {minutes} minutes, so it was cancelled. Ask for less at "
        "once."
    ),
    "analysis_expired": (
        "⚠️ The analysis has expired: the service no longer has it. Please ask again."
    ),
    "analysis_files_gone": (
        "📂 What I had of your files for this was gone, and I could not fetch {names} again. "
        "Please send what is needed once more."
    ),
    "analysis_file_too_large": "📎 {name} is too large to be sent here (more than {limit}).",
    "analysis_file_gone": "📎 {name} could not be fetched from where the code ran.",
    "analysis_more_files": "📎 {count} more files were made; ask for them by their names.",
    "made_file_refused": "📎 {name} ({size}) is larger than this chat takes.",
    # settings
    "settings": (
        "Settings of this chat\n"
        "Model: {model}\n"
        "Spoken answers: {voice_mode}, voice {voice}\n"
        "{speech}\n"
        "Looking at pictures: {detail}\n"
        "Language: {language}\n"
        "Voice notes: {voice_note}\n"
        "Persona: {persona}"
    ),
    "default": "default",
    "standard_persona": "standard",
    "own_persona": "your own (/persona shows it)",
    "any_language": "that of the question",
    "model_menu": "Model: {model}\nPick one, or send /model and any name.",
    "model_with_effort": "{model}, effort {effort}",
    "voice_menu": (
        "Spoken answers: {mode}, voice {voice}\n"
        "{speech}\n"
        "auto: a voice message is answered with one. on: every answer is spoken. off: none is."
    ),
    "speech_style": "Speech: speed {speed}, tone {tone}, {format}",
    "speech_model": ", model {model}",
    "voice_message": "voice message",
    "speech_file": "{format} file",
    "speed_menu": (
        "{speech}\n"
        "Pick a speed, or send /voice and one from 0.25 to 4, like speed=1.3. Some services have "
        "one speed only."
    ),
    "tone_menu": (
        "{speech}\n"
        'Pick a tone, or send /voice and your own words, like tone="a tired pirate". Some services '
        "have one tone only."
    ),
    "format_menu": (
        "What is spoken is sent as: {format}\n"
        "A voice message plays in the chat, and a long text is several. A file holds all of it."
    ),
    "detail_menu": (
        "Looking at pictures: {detail}\n"
        "low is quick and cheap, high sees small print, auto leaves it to the service. Videos are "
        "looked at closely only if you pick high."
    ),
    "language_menu": (
        "Language: {language}\nPick one, or send /settings language and a tag such as sv or pt-BR."
    ),
    "voice_note_menu": (
        "Voice notes: {voice_note}\n"
        "chat: I answer what you say. transcribe: I write it down. translate: I write it down in "
        "English."
    ),
    "tools_menu": "Tools of this chat: what I may use while I answer. ✓ is on.\n{lines}",
    "tools_line": "{mark} {name}: {summary}",
    "tools_line_owners": "🔒 {name}: {summary} (for those who run me)",
    "tools_none": "There are no tools here.",
    "tools_typed": "More of them than buttons: /tools on or /tools off and a name works for all.",
    "tool_unknown": "There is no tool of that name here. /tools lists them.",
    "tool_owners_only": "That tool is for those who run me; nobody else can switch it.",
    "button_tools": "Tools",
    "persona_shown": "Who I am here:\n{persona}",
    "persona_standard": "I am my usual self here. /persona and a text makes me somebody else.",
    "persona_set": "From now on I am that. /persona default brings back my usual self.",
    "persona_reset": "I am my usual self again.",
    "button_model": "Model",
    "button_voice": "Voice",
    "button_speed": "Speed",
    "button_tone": "Tone",
    "button_format": "Format",
    "button_back_to_voice": "‹ Voice",
    "button_detail": "Pictures",
    "button_language": "Language",
    "button_voice_note": "Voice notes",
    "button_persona": "Persona",
    "button_back": "‹ Settings",
    "chosen": "✓ {label}",
    "effort": "effort {effort}",
    # JSON
    "json_of_this": "Give this as JSON.",
    "json_mending": "🔧 That was not valid yet; I ask once more.",
    "json_mended": "🔧 The first try was not valid; this is the second.",
    "json_cut": "⚠️ The answer broke off before its end.",
    "json_cut_length": "⚠️ The answer reached its length limit.",
    "json_cut_filtered": "⚠️ The service's safety system broke the answer off.",
    "schema_none": (
        "No schema is kept here yet. /schema add, a name and a JSON Schema keeps one; "
        "/json schema=name then uses it."
    ),
    "schema_list": "Schemas of this chat\n{names}\nUse one with /json schema=name and your words.",
    "schema_added": "📐 Kept. Use it like this: /json schema={name} and your words.",
    "schema_removed": "📐 The schema {name} is gone.",
    "schema_unknown": "There is no schema of that name here. /schema lists those that are.",
    "schema_too_many": "This chat keeps as many schemas as it can. Please remove one first.",
    "button_remove": "Remove",
    # the same again
    "footer": "⚙️ {told}",
    "footer_seed": "seed {seed}",
    "footer_seed_not_taken": "no seed is taken here",
    "footer_temperature": "temperature {temperature}",
    "footer_temperature_not_taken": "no temperature is taken here",
    "footer_no_fingerprint": "no fingerprint",
    "footer_tokens": "{input} in, {output} out",
    "footer_tokens_cached": "{input} in ({cached} cached), {output} out",
    "footer_rerouted": "🔀 Asked by Chat Completions: the usual route takes no seed.",
    "seed_menu": (
        "Seed: {seed}\nTemperature: {temperature}\nLine under answers: {footer}\n"
        "With the same seed, model and fingerprint the same question mostly gets the same answer; "
        "/compare and a question tries it."
    ),
    "seed_none": "none",
    "temperature_none": "the model's own",
    "button_seed_off": "No seed",
    "button_seed": "Seed {seed}",
    "button_temperature_off": "Own temperature",
    "button_footer_on": "Line under answers: on",
    "button_footer_off": "Line under answers: off",
    "footer_menu": (
        "Line under answers: {footer}\nIt tells seed, model, fingerprint and tokens, so that an "
        "answer can be made again."
    ),
    "on": "on",
    "off": "off",
    "comparing": "⚖️ Asking four times: {done} of 4 answers are there.",
    "compare_default_seed": "This chat has no seed, so I took {seed}.",
    "compare_with_seed": "With seed {seed}",
    "compare_without_seed": "Without a seed",
    "compare_same": "**{pair}:** the same twice.",
    "compare_pictured": "**{pair}:** different ({percent} % the same); the picture shows where.",
    "compare_seed_not_taken": (
        "⚠️ No route of the service takes a seed for this model, so all four were asked without."
    ),
    "compare_rerouted": (
        "🔀 The usual route takes no seed: those with one went by Chat Completions."
    ),
    "compare_fingerprint": "Fingerprint: {fingerprint}, all four times.",
    "compare_fingerprint_partly": "Fingerprint: {fingerprint}, where the service told one.",
    "compare_no_fingerprint": "The service told no fingerprint.",
    "compare_fingerprint_changed": (
        "⚠️ The fingerprint changed in between ({fingerprints}): what runs the model changed, and "
        "then a seed promises nothing."
    ),
    "compare_models_changed": "⚠️ Different models answered: {models}.",
    "compare_unfinished": "⚠️ Not every answer is whole; the file says which.",
    "compare_spent": "All four: {tokens}.",
    "compare_answer": "The answer:",
    "compare_caption": (
        "{pair}, {page} of {pages}. Struck out: only the first time. Underlined: only the second."
    ),
    "compare_caption_more": "The rest is in the file.",
    "compare_caption_boxes": "□ stands for letters that I cannot draw.",
    "difference_struck": "only the first time",
    "difference_underlined": "only the second time",
    "difference_left_out": "⋯ {count} words the same ⋯",
    # assistants
    "assistants": "Who shall answer here? Pick one, or make one: /assistant new name instructions",
    "assistants_none": (
        "There are no assistants yet. Make one: /assistant new chef You are a chef. Answer with "
        "recipes of at most five steps."
    ),
    "assistant_usual": "My usual self",
    "assistant_off": "I am my usual self here.",
    "assistant_chosen": "{name} answers here from now on.",
    "assistant_made": "{name} is there, and answers here from now on.",
    "assistant_changed": "{name} is changed.",
    "assistant_removed": "{name} is gone.",
    "assistant_shown": (
        "{name}\nModel: {model}\nTools: {tools}\nFiles: {files}\nShared with: {share}\n\n"
        "{instructions}"
    ),
    "assistant_learned": "📚 It answers from {name}{about}.",
    "assistant_as_chat": "as this chat has it",
    "assistant_unknown": "I know no assistant of that name here. /assistant lists them.",
    "assistant_there": (
        "There is one of that name already. /assistant change and its name changes it."
    ),
    "assistant_not_yours": "Only who made it can change it.",
    "assistant_long": "Those instructions are too long. 16,000 characters are the most.",
    "assistant_tools": "I do not know one of those tools. /tools lists them.",
    "assistants_full": "You have 50 assistants. Remove one first: /assistant remove and its name.",
    # reminders
    "reminder": "⏰ {text}",
    "reminder_late": "⏰ {text}\n(It was due at {time}; I was away.)",
    "reminders": "Your reminders here:",
    "reminders_none": (
        "There are no reminders here. Ask me: remind me tomorrow at nine to call Ana."
    ),
    "reminder_repeats": " ({rule})",
    "reminder_gone": "There is no reminder of that number. /reminders lists them.",
    "button_forget": "✕ {number}",
    "timezone": "Your time zone is {zone}.",
    "timezone_none": (
        "I do not know your time zone. Send /timezone and its name, such as Europe/Berlin."
    ),
    "timezone_unknown": (
        "I do not know that time zone. Its name is like Europe/Berlin or America/New_York."
    ),
    # what was said before, and what is remembered
    "search_found": "🔎 {words}",
    "search_hit": "**{number}** · {when} · {who}: {said}",
    "search_you": "you",
    "search_me": "me",
    "search_none": "I found nothing like that in this chat. Try other words, or fewer.",
    "search_none_yet": (
        "I found nothing like that yet. I am still reading what was said here long ago; please try "
        "again in a few minutes."
    ),
    "search_partly": "I am still reading what was said here long ago; more may be found later.",
    "search_over": "I no longer have what you were looking at. Please search once more.",
    "button_show": "Show {number}",
    "button_more_found": "More",
    "fact_kept": "📌 I remember that from now on; /memories shows it.",
    "fact_place_private": "I use it in our private chats only.",
    "fact_place_group": "I use it in this group only, and only for you.",
    "fact_known": "I know that already; /memories shows it.",
    "fact_too_long": (
        "That is too long for me to keep: a fact has up to {characters} characters. Tell me what "
        "matters of it."
    ),
    "facts_full": (
        "I remember as much about you here as I can, up to {count} facts. Erase some with "
        "/memories first."
    ),
    "fact_unknown": "There is no fact of that number. /memories lists them.",
    "fact_forgotten": "🗑 Forgotten.",
    "facts_forgotten": "🗑 All forgotten.",
    "facts_none": "I remember nothing about you here. /remember and a fact makes me.",
    "facts_private": "What I remember about you, for our private chats:",
    "facts_group": "What I remember about you, for this group:",
    "facts_how": "/memories change 1 and a new text changes one.",
    "facts_sure": "Erase all {count}? They cannot be brought back.",
    "facts_of_another": "That list is somebody else's. /memories shows you yours.",
    "button_erase": "🗑 {number}",
    "button_erase_all": "🗑 All",
    "button_forget_all": "Erase all",
    "button_keep": "Keep them",
    "button_previous": "‹",
    "button_next": "›",
    "step_remember": "remember: {fact}",
    # usage
    "usage_none": "You have used nothing yet.",
    "usage_days": "The last 7 days (UTC)",
    "usage_months": "By month",
    "usage_line": "{period}: {amount}, {calls} calls",
    "usage_call": "{period}: {amount}, 1 call",
    "usage_detail": "  {capability}, {model}: {amount}",
    "usage_unpriced": "{amount} without a known price",
    "usage_estimated": "≈ marks sums that hold estimates.",
    # what went wrong
    "reference": "(ref {ref})",
    "error_ours": "Something went wrong on my side. Nothing is lost; please try again.",
    "error_empty_file": "That file is empty. Please send it again.",
    "error_file_too_large": "That file is too large ({size}); I can take up to {limit}.",
    "error_picture_unreadable": (
        "I cannot read that picture; it may be damaged. Please send it again as JPEG or PNG."
    ),
    "error_media_keep": (
        "It was made, and is paid, but I could not keep it: my disk is full, or fails. Whoever "
        "runs me has to see to that before it makes sense to try again."
    ),
    "error_picture_too_large": (
        "That picture has too many pixels ({megapixels} megapixels); I can take up to {limit}. "
        "Please send a smaller copy."
    ),
    "error_picture_option": (
        "The service cannot do that with {option}. Please choose another, or leave it out."
    ),
    "error_picture_value": "{name} can be {allowed}.",
    "error_picture_unreachable": (
        "The picture behind that link could not be fetched. Please send it as a photo."
    ),
    "error_video_unreadable": (
        "I cannot read that video; it may be damaged. Please send it again as MP4."
    ),
    "error_video_without_frames": "There is no picture in that video. Please send another.",
    "error_speech_option": "{name} can be: {allowed}.",
    "error_document_unreadable": (
        "I cannot read {name}; it may be damaged. Please send it again, or as PDF."
    ),
    "error_document_encrypted": (
        "{name} has a password. Please send it without one, and I read it."
    ),
    "error_document_unsupported": (
        "I cannot read files like {name}. Send me PDF, Word, PowerPoint, Excel, text, a web page "
        "or a zip of such."
    ),
    "error_document_too_large": (
        "{name} holds more than I can unpack. Please send me the part that matters."
    ),
    "error_document_empty": "There is no text in {name}.",
    "error_sound_unreadable": (
        "I cannot read that recording; it may be damaged. Please record it again."
    ),
    "error_nothing_heard": "I heard no words in that recording. Please try again, a little closer.",
    "error_content_unsupported": (
        "I cannot read {kind} yet. Send me text, a photo, a video, a voice message or a document."
    ),
    "error_arguments": "Please write it like this: {usage}",
    "error_question_too_long": (
        "That is more than the model can read at once. Shorten it, or start afresh with /new."
    ),
    "error_schema": "That JSON Schema has a fault. {where}: {what}",
    "error_answer_invalid": (
        "The answer did not become the JSON that you asked for.\n{wrong}\n\nWhat came:\n{came}"
    ),
    "error_schema_refused": "The service does not take this schema: {reason}",
    "error_content_refused": (
        "The service's safety system declined this. Please put it differently."
    ),
    "error_page": "I could not read that page: {reason}.",
    "error_queue_full": (
        "{limit} messages are waiting here already, so I did not take this one. Please wait a "
        "little and send it again."
    ),
    "error_service_busy": "The service is busy right now. Please try again in a minute.",
    "error_service_busy_long": (
        "The service is busy and asks for a pause. Please try again in about {minutes} minutes."
    ),
    "error_pictures_unsupported": (
        "This model cannot look at pictures. Choose another with /model, or leave the picture out."
    ),
    "error_route_missing": (
        "The service behind me cannot do that. Please tell the person who runs me."
    ),
    "error_code_missing": (
        "The service behind me cannot run code with this model. Choose another with /model, or "
        "have the person who runs me name a server that can. Documents I read all the same: send "
        "them with a question, or with /learn."
    ),
    "error_container_gone": "Where the code was to run is gone. Please try again.",
    "error_service_down": "The service has a problem right now. Please try again in a minute.",
    "error_service_silent": "The service did not answer in time. Please try again.",
    "error_service_rejected": (
        "The service did not accept this request. Please try it in another form."
    ),
    "error_voice_missing": (
        "The service does not speak in this voice. Please choose another one with /voice."
    ),
    "error_key_refused": (
        "The service does not let me in right now. Please tell the person who runs me."
    ),
    "error_model_missing": (
        "The model {model} is not there for me. Please choose another with /model."
    ),
    "error_credit_exhausted": (
        "The account behind me has run out of credit. Please tell the person who runs me."
    ),
    "error_answer_empty": "The service sent an empty answer. Please try again.",
    "error_speech_unfaithful": (
        "The voice said something else than what it was to read. Please try again."
    ),
    "error_file_unavailable": "I could not fetch that file. Please send it again.",
    "error_delivery_refused": (
        "This chat did not take my answer. Please ask for it in another form."
    ),
}
