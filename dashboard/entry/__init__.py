"""The script that Streamlit runs; beside a folder `pages` it would be passed by, and a page run alone."""
